#    Licensed under the Apache License, Version 2.0 (the "License"); you may
#    not use this file except in compliance with the License. You may obtain
#    a copy of the License at
#
#         http://www.apache.org/licenses/LICENSE-2.0
#
#    Unless required by applicable law or agreed to in writing, software
#    distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
#    WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
#    License for the specific language governing permissions and limitations
#    under the License.

"""What a reader of an HTML page finds in it."""

from html import parser


class Page(parser.HTMLParser):
    """The tables of a page by the id of the heading above them.

    :ivar tables: for each, its rows as texts by column heading
    :ivar text: all that is to be read, without scripts
    :ivar tags: name and attributes of every element
    """

    def __init__(self, text):
        super().__init__()
        self.tables = {}
        self.text = ''
        self.tags = []
        self._heading = None
        self._rows = []
        self._cells = None
        self._columns = None
        self._unread = 0
        self.feed(text)
        self.close()

    def rows(self, heading, **wanted):
        """Return the rows of a table that have these texts."""
        return [row for row in self.tables[heading]
                if all(row[column] == text
                       for column, text in wanted.items())]

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag == 'h2':
            self._heading = attributes['id']
        elif tag == 'table':
            self._columns = None
            self.tables[self._heading] = []
        elif tag == 'tr':
            self._cells = []
        elif tag in ('th', 'td'):
            self._cells.append('')
        elif tag in ('script', 'style'):
            self._unread += 1
        elif tag in ('div', 'br'):
            self.handle_data(' ')

    def handle_endtag(self, tag):
        if tag == 'tr':
            cells = [' '.join(cell.split()) for cell in self._cells]
            if self._columns is None:
                self._columns = cells
            else:
                self.tables[self._heading].append(
                    dict(zip(self._columns, cells)))
            self._cells = None
        elif tag in ('script', 'style'):
            self._unread -= 1

    def handle_data(self, data):
        if self._unread:
            return
        self.text += data
        if self._cells:
            self._cells[-1] += data

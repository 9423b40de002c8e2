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

"""The costs as people read them."""

COLUMNS = (
    # title, member of a Cost, width, format
    ('operation', 'operation', -32, str),
    ('requests', 'requests', 8, str),
    ('SMAPI', 'smapi', 6, str),
    ('CP', 'cp', 4, str),
    ('IUCV', 'iucv', 5, str),
    ('other', 'other', 6, str),
    ('sent', 'sent', 10, lambda size: amount(size)),
    ('received', 'received', 10, lambda size: amount(size)),
    ('memory', 'memory', 10, lambda size: amount(size)),
    ('wall s', 'wall', 8, '{:.2f}'.format),
    ('z/VM s', 'on_zvm', 8, '{:.2f}'.format),
)


def amount(size):
    """Return a number of bytes in the unit that suits it."""
    if size < 1024:
        return '%d B' % size
    if size < 1024 ** 2:
        return '%.1f KiB' % (size / 1024)
    return '%.1f MiB' % (size / 1024 ** 2)


def head():
    return _line(title for title, *_ in COLUMNS)


def row(cost):
    return _line(shown(getattr(cost, member))
                 for _, member, _, shown in COLUMNS)


def _line(cells):
    return '  '.join(
        cell.ljust(-width) if width < 0 else cell.rjust(width)
        for cell, (_, _, width, _) in zip(cells, COLUMNS)).rstrip()

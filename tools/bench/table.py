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

# title, member of a Cost, width, format
OPERATIONS = (
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
IMAGES = (
    ('transfer', 'transfer', -10, str),
    ('image', 'size', 10, lambda size: amount(size)),
    ('memory', 'memory', 10, lambda size: amount(size)),
    ('on disk', 'files', 10, lambda size: amount(size)),
    ('written', 'written', 10, lambda size: amount(size)),
    ('moved', 'moved', 7, '{:.4f}'.format),
    ('driver', 'rate', 12, lambda rate: amount(rate) + '/s'),
    ('curl', 'curl', 12, lambda rate: amount(rate) + '/s'),
    ('ratio', 'ratio', 6, '{:.2f}'.format),
)


def amount(size):
    """Return a number of bytes in the unit that suits it."""
    if size < 1024:
        return '%d B' % size
    if size < 1024 ** 2:
        return '%.1f KiB' % (size / 1024)
    return '%.1f MiB' % (size / 1024 ** 2)


def head(columns):
    return _line(columns, (title for title, *_ in columns))


def row(columns, cost):
    return _line(columns, (shown(getattr(cost, member))
                           for _, member, _, shown in columns))


def _line(columns, cells):
    return '  '.join(
        cell.ljust(-width) if width < 0 else cell.rjust(width)
        for cell, (_, _, width, _) in zip(cells, columns)).rstrip()

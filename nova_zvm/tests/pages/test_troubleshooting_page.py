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

"""The page on troubleshooting has all messages of the driver, and no other.

Together with the page on networking, which has those about ports.
"""

import re

import testtools

from nova_zvm.connector import reasons
from nova_zvm.tests.support import pages

PAGE = 'admin/troubleshooting.rst'
NETWORKING = 'admin/networking.rst'

# Of these parts no sentence is looked for.
LEFT_OUT = {
    'operations/adoption.py':
        'each verdict of nova-zvm-adopt brings its remedy along',
    'checks': 'each finding of nova-zvm-status brings its remedy along',
    'cmd': 'what the commands themselves print says what it is about',
}
# Whose sentences the table of codes has.
BY_CODE = 'reasons.py'
# Sentences that are on no page.
NOT_SHOWN = {
    'a file of ... bytes cannot be sent':
        'a mistake of the driver: an image without size is refused before',
    'a list was expected':
        'the end of "The connector\'s answer has an unexpected shape"',
    "'...' cannot be part of a path":
        'a mistake of the driver: names are checked before',
    "'rc': (-?\\d+), 'rs': (-?\\d+)": 'a pattern',
    'SMAPI API failed: (\\w+)': 'a pattern',
    "the connector's disk pool": 'a name in the sentences by code',
    'a disk of ... in ...': 'a part of a sentence by code',
    'and one of': 'a part of a sentence by code',
    'no disk image header':
        'told by image/cache in a sentence of its own',
    'at a time unknown, its file was missing':
        'within a sentence that is logged when all is well',
    'nova_zvm plugs no os-vif interfaces on this host':
        'nova has no reason to ask',
    'nova_zvm unplugs no os-vif interfaces on this host':
        'nova has no reason to ask',
}


def sentences():
    """Return by module what readers of faults and logs may get to see."""
    return {path: pages.sentences(path) for path in
            pages.modules(without=LEFT_OUT) if path.name != BY_CODE}


def codes(row):
    """Return the codes of a row of the client's table, as the page does."""
    if row.code is None:
        return 'any other'
    own = 'HTTP %d' if row.code in (400, 401, 404, 409, 501, 503) else '%d'
    rc = ('%d to %d' % (row.rc[0], row.rc[-1])
          if isinstance(row.rc, range) else row.rc)
    return ', '.join([own % row.code, *(
        str(code) for code in (rc, row.rs) if code is not None)])


class TestPage(testtools.TestCase):

    def test_every_message_exists(self):
        self.assertEqual([], pages.unknown(pages.messages(PAGE)))

    def test_every_message_is_shown(self):
        messages = pages.messages(PAGE) + pages.messages(NETWORKING)
        missing = [(path.name, sentence)
                   for path, found in sentences().items()
                   for sentence in sorted(found)
                   if sentence not in NOT_SHOWN and
                   not any(sentence in message for message in messages)]
        self.assertEqual([], missing)

    def test_the_walk_finds_what_is_raised_and_logged(self):
        found = set().union(*sentences().values())
        self.assertGreater(len(found), 130)
        for sentence in (
                'The z/VM Cloud Connector cannot be reached: ...',
                'Soft reboot failed, resetting the guest: ...',
                'it is paused, and a shutdown would lose what is in its '
                'memory; unpause it first',
                'No TLS connection can be made: ...'):
            self.assertIn(sentence, found)

    def test_exceptions_are_needed(self):
        found = set().union(*sentences().values())
        self.assertEqual(set(), set(NOT_SHOWN) - found)
        self.assertLessEqual(set(LEFT_OUT), set().union(
            *map(pages.parts, pages.modules())))

    def test_the_sentence_of_each_code(self):
        table = pages.read(PAGE).partition('.. _sentences-by-code:')[2]
        shown = re.findall(
            r'(?m)^   \* - (.+)\n     - (.+(?:\n       .+)*)\n     - ', table)
        self.assertEqual(
            [(codes(row), re.sub(r'\{\w+\}', '...', row.sentence.replace(
                '{about}', ''))) for row in reasons.TABLE],
            [(told, ' '.join(sentence.split()))
             for told, sentence in shown[1:]])

    def test_nothing_is_shown_twice(self):
        messages = pages.messages(PAGE)
        self.assertEqual(sorted(set(messages)), sorted(messages))

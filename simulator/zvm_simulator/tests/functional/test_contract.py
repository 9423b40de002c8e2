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

"""The connector cannot tell the simulated z/VM from a real one.

Each request that was measured is sent again: its status, its codes, its
answer and its commands on z/VM are the ones measured.
"""

from collections.abc import Callable
from collections.abc import Iterable
import pathlib

import fixtures
import testtools

from zvm_simulator.tests.support import contract
from zvm_simulator.tests.support import fixtures as zvm_fixtures

# Where the simulated system is right to differ, and why. Status and codes
# are not among the places.
DEVIATIONS = {
    ('sample adapters', 'output.adapters.*.adapter_status'):
        'An adapter that is coupled to no switch is not active.',
    ('sample adapters', 'output.adapters.*.mac_ip_address'):
        'An adapter to which the Linux gave no address has none.',
    ('sample adapters', 'output.adapters.*.mac_ip_version'):
        'An adapter to which the Linux gave no address has none.',
    ('sample host guests', 'commands'):
        'In a cluster the connector asks twice where each userid is; the '
        'directory that was measured was empty.',
    ('sample host guests', 'output'):
        'A directory has the userids of the system.',
    ('sample vswitch query', 'output.vlan_awareness'):
        'A switch on which a userid is given a VLAN knows of VLANs.',
    ('sample vswitch query', 'output.vlan_id'):
        'A switch on which a userid is given a VLAN knows of VLANs.',
}
CODES = ('status', *contract.CODES)

Differences = dict[tuple[str, str], str]


class TestContract(testtools.TestCase):

    def setUp(self) -> None:
        super().setUp()
        self.zvm = self.useFixture(
            zvm_fixtures.SimulatedZVM(contract.scenario()))
        self.player = contract.Player(
            self.zvm, pathlib.Path(self.useFixture(fixtures.TempDir()).path))

    def play(self, kind: str, exchanges: Iterable[contract.Exchange],
             compare: Callable[[contract.Exchange, contract.Outcome],
                               dict[str, str]]) -> Differences:
        """Send all requests; return what differs, by exchange and place."""
        found = {}
        for exchange in exchanges:
            name = f'{kind} {exchange["label"]}'
            for place, text in compare(*self.player.play(exchange)).items():
                found[name, place] = text
        return found

    def assert_as_known(self, kind: str, found: Differences) -> None:
        """Check that all differs that is known to, and nothing else."""
        unknown = [f'{name}: {place}: {text}'
                   for (name, place), text in found.items()
                   if (name, place) not in DEVIATIONS]
        self.assertFalse(unknown, '\n'.join(unknown))
        self.assertEqual(
            sorted(key for key in DEVIATIONS if key[0].startswith(kind)),
            sorted(key for key in found if key in DEVIATIONS))

    def test_samples(self) -> None:
        self.assert_as_known('sample', self.play(
            'sample', contract.samples(), contract.of_sample))

    def test_probes(self) -> None:
        self.assert_as_known('probe', self.play(
            'probe', contract.probes(), contract.of_probe))


class TestKnownDifferences(testtools.TestCase):

    def test_deviations(self) -> None:
        self.assertLessEqual(len(DEVIATIONS), 10)
        self.assertEqual([], [key for key in DEVIATIONS if key[1] in CODES])

    def test_labels_are_told_apart(self) -> None:
        for exchanges in (contract.samples(), contract.probes()):
            labels = [item['label'] for item in exchanges]
            self.assertEqual(sorted(set(labels)), sorted(labels))


class TestComparison(testtools.TestCase):
    """That what differs is seen."""

    def places(self, response: object, free: list[str]) -> set[str]:
        """Compare an answer with one measured; return where it differs."""
        expected = {'status': 200, 'commands': ['vmcp q A'], 'free': free,
                    'response': {'rc': 0, 'list': [{'a': 1, 'b': 'x'}]}}
        return set(contract.of_sample(expected, contract.Outcome(
            200, response, ['vmcp q A'], [])))

    def test_answer(self) -> None:
        for items, free, places in (
                ([{'a': 1, 'b': 'x'}], [], set()),
                ([{'a': 2, 'b': 'y'}], ['list.*.a'], {'list.*.b'}),
                ([{'a': 1.0, 'b': 'x'}], ['list.*.a'], {'list.*.a'}),
                ([{'a': 1, 'c': 'x'}], [], {'list.*.b', 'list.*.c'}),
                ([], ['list.*.a'], {'list'}),
                ('', [], {'list'})):
            self.assertEqual(places, self.places(
                {'rc': 0, 'list': items}, free))

    def test_status_and_commands(self) -> None:
        expected = {'status': 200, 'response': '', 'commands': ['vmcp q A']}
        for status, command, places in (
                (200, 'vmcp q A', set()), (500, 'vmcp q A', {'status'}),
                (200, 'vmcp q A [failed]', {'commands'})):
            self.assertEqual(places, set(contract.of_sample(
                expected, contract.Outcome(status, '', [command], []))))

    def test_directory(self) -> None:
        expected = {'status': 200, 'response': '', 'commands': [],
                    'directory': ['IPL 0100']}
        for line, places in (('IPL 0100', set()), ('IPL 0200', {'directory'})):
            self.assertEqual(places, set(contract.of_sample(
                expected, contract.Outcome(200, '', [], ['USER A', line]))))

    def test_probe(self) -> None:
        expected = {'expect': [404, 8, 400, 4], 'output': ''}
        answer = {'overallRC': 8, 'rc': 400, 'rs': 4, 'output': '',
                  'errmsg': 'of any kind'}
        for change, places in (
                ({}, set()), ({'rs': 8}, {'rs'}), ({'rc': 404}, {'rc'}),
                ({'overallRC': 0}, {'overallRC'}), ({'output': []},
                                                    {'output'})):
            self.assertEqual(places, set(contract.of_probe(
                expected,
                contract.Outcome(404, {**answer, **change}, [], []))))
        self.assertEqual({''}, set(contract.of_probe(
            expected, contract.Outcome(404, '<html>', [], []))))

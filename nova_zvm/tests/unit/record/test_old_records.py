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

"""Records as an earlier release has left them, which servers have for years.

old_records.json holds what the driver at commit 61fd334 writes on host zvm1,
each after the calls of its own functions that lead there.
"""

import json
import pathlib

from nova_zvm.record import ownership
from nova_zvm.record import parts
from nova_zvm.record import pending
from nova_zvm.tests.support import inmemory

RECORDS = json.loads(pathlib.Path(__file__).with_name(
    'old_records.json').read_text())
URL = 'file:///var/lib/zvmsdk/files/1764547190'
SINCE = 1764547200
NIC = pending.NicChange('1003', 'VSW1')


def _guest(state, *changes, paused=False):
    return parts.Record('zvm1', 'ABC00001', state, SINCE, paused,
                        list(changes))


READ = {
    'building': _guest('building'),
    'building with its config drive': _guest(
        'building', pending.Upload(URL)),
    'built': _guest('built'),
    'adopted and paused': _guest('built', paused=True),
    'paused': _guest('built', paused=True),
    'captured, on before': _guest('built', pending.Capture('on', SINCE)),
    'captured, off before': _guest('built', pending.Capture('off', SINCE)),
    'NIC change': _guest('built', NIC),
    'NIC change without a switch': _guest(
        'built', pending.NicChange('1003', '')),
    'deleted': parts.Record(None, 'ABC00001', 'deleted', SINCE),
    'deleted, upload left': _guest('deleted', pending.Upload(URL)),
    'forgotten, upload left': parts.Record(
        'zvm1', changes=[pending.Upload(URL)]),
    'forgotten': parts.Record('zvm1'),
}

# What the driver does next, and the record with which that of the first is
# the same then.
NEXT = (
    ('building', (ownership.set_state, 'built'), 'built'),
    ('building', (ownership.forget,), 'forgotten'),
    ('building with its config drive', (ownership.set_upload, None),
     'building'),
    ('building with its config drive', (ownership.forget,),
     'forgotten, upload left'),
    ('built', (ownership.set_paused, True), 'paused'),
    ('built', (ownership.begin_nic_change, NIC), 'NIC change'),
    ('built', (ownership.begin_capture, 'on'), 'captured, on before'),
    ('built', (ownership.set_state, 'deleted'), 'deleted'),
    ('paused', (ownership.set_paused, False), 'built'),
    ('captured, on before', (ownership.leave_off,), 'captured, off before'),
    ('captured, on before', (ownership.end_capture,), 'built'),
    ('captured, off before', (ownership.set_state, 'deleted'), 'deleted'),
    ('NIC change', (ownership.end_nic_change,), 'built'),
    ('NIC change', (ownership.set_state, 'deleted'), 'deleted'),
    ('deleted', (ownership.claim, 'ABC00001'), 'building'),
    ('deleted, upload left', (ownership.set_upload, None), 'deleted'),
    ('forgotten, upload left', (ownership.set_upload, None), 'forgotten'),
    ('forgotten', (ownership.claim, 'ABC00001'), 'building'),
)


class OldRecordsTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.flags(host='zvm1')
        self.clock.now = SINCE - 1000.0

    def old(self, name):
        return self.instance(system_metadata=dict(RECORDS[name]))

    def test_each_is_read(self):
        self.assertEqual(RECORDS.keys(), READ.keys())
        for name, record in READ.items():
            self.assertEqual(record, ownership.of(self.old(name)), name)

    def test_each_is_written_as_it_was(self):
        for name, record in READ.items():
            metadata = dict(RECORDS[name])
            parts.write(metadata, record)
            self.assertEqual(RECORDS[name], metadata, name)

    def test_each_is_gone_on_with(self):
        self.assertEqual(RECORDS.keys() - {'adopted and paused',
                                           'NIC change without a switch'},
                         {name for name, _next, _then in NEXT})
        self.clock.now += SINCE - self.clock.time()
        for name, (change, *arguments), then in NEXT:
            change(self.old(name), *arguments)
            self.assertEqual(RECORDS[then], self.saves[-1], (name, then))

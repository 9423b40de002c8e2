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

"""A new call or program is a new file, and nothing else."""

import pathlib
import subprocess
import sys

import fixtures
import testtools

from zvm_simulator.ground import registry
from zvm_simulator import smapi

API = '''
def wake(call):
    return f'{call.target} wakes: {call.option("k")} {call.file}\\n'

APIS = {'Image_Wake_Up': wake}
WITH_FILE = ('Image_Wake_Up',)
'''
PROGRAM = '''
from zvm_simulator.ground import replies

PROGRAMS = ('brew',)

def prepare(words):
    return len(words)

def run(request):
    return f'{request.member.name} {request.word(1)} {request.read}\\n'

def refuse(words, error):
    return replies.failure(1, f'{words[0]}: {error}\\n')
'''
# The folder stands for one more file in each of the two packages.
RUN = '''
import pathlib, sys
from zvm_simulator import commands
from zvm_simulator import smapi
folder = pathlib.Path(sys.argv[1])
smapi.__path__.append(str(folder / 'smapi'))
commands.__path__.append(str(folder / 'commands'))
from zvm_simulator.ground import clocks
from zvm_simulator.machine import execution
from zvm_simulator.service import scenarios
machine = execution.Machine(scenarios.load(), folder / 'zvm.sqlite',
                            clocks.ManualClock())
for words in (['smcli', 'Image_Wake_Up', '-T', 'linux1', '-k', 'a=b', '-f',
               str(folder / 'file')], ['sudo', '/opt/bin/brew', 'tea']):
    reply = machine.execute('ZVMSYS1', words)
    print(reply.status, reply.output.decode(), end='')
'''


class TestNewFile(testtools.TestCase):

    def test_is_enough(self):
        folder = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name, text in (('smapi/alarm.py', API), ('commands/tea.py',
                                                     PROGRAM), ('file', 'x')):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text)
        done = subprocess.run(
            [sys.executable, '-c', RUN, folder], capture_output=True,
            text=True, env={'PYTHONPATH': ':'.join(sys.path)})
        self.assertEqual(('', '0 LINUX1 wakes: a=b x\n0 ZVMSYS1 tea 2\n'),
                         (done.stderr, done.stdout))


class TestRegistry(testtools.TestCase):

    def test_modules_without_the_attribute_offer_nothing(self):
        names = [module.__name__ for module, _ in
                 registry.offers(smapi, 'APIS')]
        self.assertIn('zvm_simulator.smapi.power', names)
        self.assertNotIn('zvm_simulator.smapi.calls', names)

    def test_twice(self):
        error = self.assertRaises(ValueError, registry.table,
                                  [('a', 1), ('b', 2), ('a', 3)])
        self.assertEqual('a is offered twice.', str(error))

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

"""A machine that answers without a model, for tests of what is above it."""

from zvm_simulator.ground import replies


class FakeMachine:

    def __init__(self):
        self.commands = []
        self.answers = {}

    def execute(self, member, argv):
        self.commands.append((member, argv))
        answer = self.answers.get(argv if isinstance(argv, str) else argv[-1])
        if isinstance(answer, Exception):
            raise answer
        return answer or replies.success('done\n')

    def read_file(self, member, path):
        return b'VM00 Name: ZVMSYS1\n' if path == '/proc/sysinfo' else None

    def state(self):
        return {'members': {'ZVMSYS1': {}}}

    def directory_text(self, userid):
        return {'INST0001': 'USER INST0001 LBYONLY 1G 2G G\n'}[userid]

    def guest_file(self, userid, path):
        return {('INST0001', '/mnt/config/a'): b'\x00\xff'}[userid, path]

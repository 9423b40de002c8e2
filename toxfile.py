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

"""Let several tox environments keep one virtual environment.

tox 4 makes a virtual environment anew when another of its environments was
the last to use the directory. py3 and functional need the same packages, a
minute's worth of them, and differ in their commands only. Here an environment
is known by its kind, not by its name; changed requirements still count.
"""

from tox.plugin import impl
from tox.tox_env import info
from tox.tox_env.python.virtual_env import runner


class SharedInfo(info.Info):
    """What tox remembers of an environment, but for the name."""

    def compare(self, value, section, sub_section=None):
        if section == 'ToxEnv':
            value = dict(value, name='shared')
        return super().compare(value, section, sub_section)


class SharedVirtualEnvRunner(runner.VirtualEnvRunner):
    """A virtual environment that others with the same envdir use, too."""

    @staticmethod
    def id():
        return 'shared'

    @property
    def cache(self):
        return SharedInfo(self.env_dir)


@impl
def tox_register_tox_env(register):
    register.add_run_env(SharedVirtualEnvRunner)
    register.default_env_runner = SharedVirtualEnvRunner.id()

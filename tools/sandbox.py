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

"""Boot a server on a simulated z/VM: see tools/sandbox.sh --help."""

import os
import pathlib
import signal
import sys

ROOT = pathlib.Path(__file__).absolute().parent.parent

# Until the sandbox has something to clean up, an interrupt ends it silently.
signal.signal(signal.SIGINT, signal.SIG_DFL)

# stevedore keeps entry points in a cache, and where is settled when it is
# imported; in the home directory a sandbox has no business.
os.environ['XDG_CACHE_HOME'] = str(ROOT / '.tox' / 'cache')

sys.path.insert(0, str(ROOT))

from tools.sandbox import app  # noqa: E402

if __name__ == '__main__':
    sys.exit(app.main(ROOT))

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

"""The results of stestr's last run."""

import io
import subprocess

import subunit
import testtools


def tests():
    """Return the tests, as testtools.StreamToDict has them, by their id.

    'seconds' is added: how long a test took.
    """
    stream = subprocess.run(['stestr', 'last', '--subunit'],
                            stdout=subprocess.PIPE).stdout
    found = {}

    def add(test):
        begin, end = test['timestamps']
        # What is not a test, such as what a worker prints, has no end.
        if begin is not None and end is not None:
            found[test['id']] = dict(
                test, seconds=(end - begin).total_seconds())

    result = testtools.StreamToDict(add)
    result.startTestRun()
    subunit.ByteStreamToStreamResult(io.BytesIO(stream)).run(result)
    result.stopTestRun()
    return found

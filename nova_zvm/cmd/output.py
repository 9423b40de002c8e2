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

"""How the commands for operators end: what they print, and exit with."""

from collections import abc
import io
import os
import sys

UNEXPECTED = 255


def failed(reason: object, code: int = UNEXPECTED) -> int:
    """Say on standard error why a command failed; return its exit status."""
    print('Error: %s' % reason, file=sys.stderr)
    return code


def written(write: abc.Callable[[], int], what: str) -> int:
    """Print a command's outcome; return its exit status.

    :param write: prints it to standard output and returns the status
    :param what: what is printed, in the plural, for the sentence that says
        that it cannot be
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors='backslashreplace')
    try:
        code = write()
        print(end='', flush=True)
    except OSError as exc:
        # Python would write once more what is left, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return failed('%s cannot be written: %s.' % (what, exc.strerror))
    return code

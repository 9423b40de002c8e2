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

"""The Ignition file that a command names, read from the connector's Linux."""

import pathlib


def read(name: str) -> str | None:
    """Return its text, or None if it cannot be had.

    A URL is not followed: the simulated machine has no network.
    """
    try:
        return pathlib.Path(name.removeprefix('file://')).read_text()
    except (OSError, ValueError):
        return None

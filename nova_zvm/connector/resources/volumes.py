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

"""FCP devices, by which guests reach volumes."""

from nova_zvm.connector import models
from nova_zvm.connector import session


class Volumes:
    """What the connector keeps in its own database of FCP devices."""

    def __init__(self, http: session.Session) -> None:
        self._http = http

    def fcp_templates(self) -> list[models.FcpTemplate]:
        """Return the FCP multipath templates, without asking z/VM.

        Synchronised with z/VM the connector would change its database.
        """
        return self._http.request(
            'volumes.fcp_templates', 'GET',
            ('volumes', 'fcptemplates', 'detail'),
            query={'statistics': 'true', 'sync_with_zvm': 'false'},
            parse=lambda output: [
                models.FcpTemplate.parse(template)
                for template in output['fcp_templates']])

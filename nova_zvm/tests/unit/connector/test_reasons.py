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

"""Each refusal of the connector begins with a sentence that says why.

The texts are those of 1.6.3, with what they repeat of request and result.
"""

import requests_mock

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.tests.support import conversation

# How much of a message nova shows to users.
SHOWN = 255


def smt(request, api, rc, rs, text, orc=8, lead='', response=()):
    """Return the errmsg of a request that SMAPI refused."""
    result = {
        'overallRC': orc, 'rc': rc, 'rs': rs, 'errno': 0, 'strError': text,
        'response': [
            f'(Error) ULTVMU0300E SMAPI API failed: {api}, overall rc: {orc}, '
            f'rc: {rc}, rs: {rs}, errno: 0, cmd: sudo /opt/zthin/bin/smcli '
            f'{api} --addRCheader -T G1, out: Failed',
            f'  Return Code: {rc}', f'  Reason Code: {rs}',
            f'  Description: {text}', *response]}
    return (f"{lead}SMT error: SMT request failed. RequestData: '{request}', "
            f"Results: '{result}'.")


FULL = smt('changevm G1 add3390 POOL1 0100 60g --mode MR',
           'Image_Disk_Create_DM', 596, 3541,
           'ULGSMC5596E Directory manager error: not enough space in group',
           lead="Failed to add mdisk to userid 'G1'. ")
UNREACHABLE = (
    "Unexpected internal error in ZVM SDK, error: SMT internal error. "
    "Results: {'overallRC': 25, 'rc': -110, 'rs': 0, 'errno': 111, "
    "'strError': 'Connection refused ULGSMC6009E Socket processing error', "
    "'response': ['(Error) ULTVMU0300E SMAPI API failed: Image_Activate, "
    "overall rc: 25, rc: -110, rs: 0, errno: 111, cmd: sudo smcli, out: "
    "failed']}.This is likely to be caused by temporary z/VM SMAPI down "
    'issue, Contact with your z/VM administrators for further help')
NOT_REACHABLE = ("Failed to start the guest: 'G1', compute node is not able "
                 'to connect to the virtual machine in 300 seconds')
CP = ("Failed to query power state of 'G1'. SMT error: SMT request failed. "
      "RequestData: 'PowerVM G1 status', Results: '{'overallRC': 3, 'rc': "
      "415, 'rs': 1, 'errno': 0, 'strError': '', 'response': [\"(Error) "
      "ULTVMU0415E Command failed: 'sudo /sbin/vmcp query user G1', rc: 1 "
      'out: HCPCMD001E oops"]}\'.')


class ReasonTest(conversation.TestCase):

    def refused(self, ask, *args, status=500, codes=(300, 300, 1),
                errmsg='It did not work.', **kwargs):
        """Return what an operation says when it is answered so."""
        self.http.register_uri(
            requests_mock.ANY, requests_mock.ANY, status_code=status,
            json=conversation.failure(*codes, errmsg=errmsg))
        return str(self.assertRaises(errors.ConnectorError, ask, *args,
                                     **kwargs))

    def create(self, *sizes, pool='ECKD:POOL1', **answer):
        return self.refused(
            self.connector.guests.create, 'G1', 1, 1024,
            [models.DiskSpec(size, pool=pool) for size in sizes], **answer)

    def test_full_pool(self):
        told = self.create('60g', codes=(8, 596, 3541), errmsg=FULL)
        self.assertEqual(
            'The directory manager could not create guest G1 with a disk of '
            '60g in disk pool ECKD:POOL1 (guests.create, HTTP 500, '
            'overallRC 8, rc 596, rs 3541): Image_Disk_Create_DM: '
            'ULGSMC5596E Directory manager error: not enough space in group',
            told)
        self.assertLess(len(told), SHOWN)

    def test_several_disks_in_the_connectors_pool(self):
        self.assertIn(
            "with a disk of 10g and one of 60g in the connector's disk pool (",
            self.create('10g', '60g', pool=None, codes=(8, 596, 3541),
                        errmsg=FULL))

    def test_smapi_is_away(self):
        self.assertEqual(
            'The z/VM Cloud Connector cannot reach SMAPI on z/VM '
            '(guests.start, HTTP 500, overallRC 500, rc -110, rs 0): '
            'Image_Activate: Connection refused ULGSMC6009E Socket '
            'processing error', self.refused(
                self.connector.guests.start, 'G1', codes=(500, -110, 0),
                errmsg=UNREACHABLE))

    def test_details_of_the_manager_of_the_directory(self):
        self.assertIn('ULGSMC5596E Failed: DVHXXX3212E Not done', self.refused(
            self.connector.guests.delete, 'G1', codes=(8, 596, 3212),
            errmsg=smt('deletevm G1 directory', 'Image_Delete_DM', 596, 3212,
                       'ULGSMC5596E Failed',
                       response=['Details: DVHXXX3212E Not done'])))

    def test_a_command_that_is_no_call_of_smapi(self):
        self.assertEqual(
            'The z/VM Cloud Connector could not do what was asked for guest '
            'G1 (guests.power_state, HTTP 500, overallRC 3, rc 415, rs 1): '
            "ULTVMU0415E Command failed: 'sudo /sbin/vmcp query user G1', "
            'rc: 1 out: HCPCMD001E oops', self.refused(
                self.connector.guests.power_state, 'G1', codes=(3, 415, 1),
                errmsg=CP))

    def test_by_what_was_asked(self):
        guests, images = self.connector.guests, self.connector.images
        disks = self.connector.disks
        vswitches, host = self.connector.vswitches, self.connector.host
        for sentence, status, codes, ask, *args in (
                ('The z/VM Cloud Connector does not accept the request for '
                 'guest G1', 400, (400, 400, 400), guests.stop, 'G1'),
                ('The z/VM Cloud Connector failed because of an internal '
                 'error', 500, (400, 400, 500), guests.stop, 'G1'),
                ('The server process of the z/VM Cloud Connector does not '
                 'respond', 500, (101, 101, 2), guests.list),
                ('The z/VM Cloud Connector has too many deploys and captures '
                 'under way', 503, (503, 503, 1), disks.deploy, 'G1', 'I1'),
                ('Guest G1, its root disk or image I1 does not exist',
                 404, (300, 300, 3), disks.deploy, 'G1', 'I1'),
                ('Image I1 could not be written to the root disk of guest G1',
                 500, (300, 300, 3), disks.deploy, 'G1', 'I1'),
                ('Guest G1 cannot be captured', 409, (300, 300, 5),
                 disks.capture, 'G1', 'I1'),
                ('The z/VM directory has no guest G1', 404, (8, 400, 4),
                 guests.directory_entry, 'G1'),
                ('What the request for guest G1 names does not exist',
                 404, (404, 404, 1), guests.delete, 'G1'),
                ('The z/VM Cloud Connector has no image I1', 404,
                 (404, 404, 1), images.get, 'I1'),
                ('The z/VM Cloud Connector already has an image I1', 409,
                 (300, 300, 13), images.create, 'I1', 'file:///i', 'rhel8'),
                ('The z/VM Cloud Connector could not copy image I1', 500,
                 (300, 300, 22), images.export, 'I1', 'file:///i'),
                ('z/VM has no virtual switch VSW1', 404, (404, 404, 1),
                 vswitches.get, 'VSW1'),
                ('SMAPI refused the request for guest G1', 500,
                 (8, 620, 14), vswitches.grant, 'VSW1', 'G1'),
                ('z/VM does not have disk pool ECKD:P', 404, (4, 5, 402),
                 host.disk_pool, 'ECKD:P'),
                ("z/VM does not have the connector's disk pool", 404,
                 (4, 5, 402), host.disk_pool),
                ('CP refused the request for guest G1', 500, (8, 396, 45),
                 guests.pause, 'G1')):
            told = self.refused(ask, *args, status=status, codes=codes)
            self.assertEqual(sentence, told.partition(' (')[0])

    def test_the_reason_code_counts_if_the_text_agrees(self):
        self.assertIn(
            'The operating system of guest G1 did not respond in time',
            self.refused(self.connector.guests.start, 'G1',
                         codes=(300, 300, 16), errmsg=NOT_REACHABLE))
        self.assertIn(
            'The directory entry of guest G1 is locked',
            self.refused(self.connector.guests.delete, 'G1',
                         codes=(8, 400, 12), errmsg=smt(
                             'deletevm G1', 'Image_Delete_DM', 400, 12,
                             'locked')))

    def test_the_reason_code_of_another_thread(self):
        """The connector can answer with those of another request."""
        self.assertIn(
            'A step of the request for guest G1 failed',
            self.refused(self.connector.guests.start, 'G1',
                         codes=(300, 300, 16), errmsg='Failed to deploy '
                         "image to userid: 'G2'"))
        self.assertIn('SMAPI refused the request for guest G1', self.refused(
            self.connector.guests.delete, 'G1', codes=(8, 400, 12),
            errmsg=smt('deletevm G1', 'Image_Delete_DM', 8, 3002, 'Other')))
        self.assertIn('failed because of an internal error', self.refused(
            self.connector.guests.start, 'G1', codes=(500, -110, 1),
            errmsg='SDK server got unexpected exception: TypeError()'))

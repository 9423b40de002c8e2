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


import json

from zvm_simulator.faults import dispatch
from zvm_simulator.service.page import documents
from zvm_simulator.service.page import views
from zvm_simulator.tests.support import reading
from zvm_simulator.tests.support import simulated


class System:
    """What the page shows."""

    def __init__(self, machine, clock):
        self.machine = machine
        self.clock = clock
        self.clock.speed = 60
        self.engine = dispatch.Engine(machine, clock)

    def describe(self):
        return {'members': {name: {
            'rest_url': f'http://127.0.0.1:1/{name}', 'sdk_port': 2000,
            'pid': None if name == 'B' else 77,
        } for name in self.machine.state()['members']}}


class PageTestCase(simulated.SimulatorTestCase):

    def setUp(self):
        super().setUp()
        self.system = System(self.machine, self.clock)

    def page(self, name='status', **query):
        return reading.Page(self.html(name, **query))

    def html(self, name='status', **query):
        document = documents.document(self.system, name, query)
        self.assertEqual('text/html', document.media_type)
        return document.text

    def execute(self, *argv):
        self.system.engine.execute(simulated.MEMBER, list(argv))


class TestTables(PageTestCase):

    scenario = {
        'directory': {'users': {
            'SMALL': 'USER SMALL S3CRET 1G 2G G\nDEDICATE 1A01 1A01\n'}}}

    def row(self, table, **wanted):
        rows = self.page().rows(table, **wanted)
        self.assertEqual(1, len(rows), rows)
        return rows[0]

    def test_member(self):
        row = self.row('members')

        self.assertEqual(
            ('ZVMSYS1', 'z/VM 7.3.0', '16', 'ZCCSRV',
             'http://127.0.0.1:1/ZVMSYS1', '2000', 'runs (77)'),
            tuple(row[column] for column in (
                'Member', 'Release', 'Processors', 'Connector',
                'REST interface', 'Port', 'State')))
        self.assertEqual(str(len(self.machine.state()['guests'])),
                         row['Logged on'])
        self.assertRegex(row['Storage in use'], r'^[1-9][\d,]+ of 262,144 MiB')

    def test_guest_through_its_life(self):
        self.bootable()
        row = self.row('guests', Userid='GUEST1')
        self.assertEqual(
            ('logged off', '', '', '0100 4,370 cyl on VOL001'),
            tuple(row[column] for column in (
                'State', 'Member', 'Linux', 'Minidisks')))

        self.smcli('Image_Activate', '-T', 'GUEST1')
        self.assertIn('booting', self.row('guests', Userid='GUEST1')['Linux'])
        self.clock.advance(simulated.BOOT_TIME)
        row = self.row('guests', Userid='GUEST1')
        self.assertEqual(
            ('running', 'ZVMSYS1', 'up localhost rhel8.6', '2', '2,048',
             '0100', '0100 4,370 cyl on VOL001'),
            tuple(row[column] for column in (
                'State', 'Member', 'Linux', 'CPUs', 'MiB', 'IPL',
                'Minidisks')))
        self.smcli('Image_Pause', '-T', 'GUEST1', '-k', 'PAUSE=YES')
        self.assertEqual('paused',
                         self.row('guests', Userid='GUEST1')['State'])

        self.smcli('Image_Deactivate', '-T', 'GUEST1', '-f', 'IMMED')
        self.smcli('Image_Delete_DM', '-T', 'GUEST1', '-e', '0')
        self.assertEqual([], self.page().rows('guests', Userid='GUEST1'))

    def test_locked_entry(self):
        self.smcli('Image_Lock_DM', '-T', 'SMALL')

        self.assertRegex(self.row('guests', Userid='SMALL')['State'],
                         '^logged off locked by ')

    def test_extents_of_a_pool(self):
        free = self.machine.state()['pools']['POOL1']['volumes']['VOL001']
        self.create()
        for vdev in ('0100', '0101', '0102'):
            self.add_disk(vdev=vdev, size=100)
        self.smcli('Image_Disk_Delete_DM', '-T', 'GUEST1', '-v', '0101', '-e',
                   '0')
        row = self.row('pools', Volume='VOL001')

        self.assertEqual(
            ('POOL1', '3390-54', '200 of 60,102 cyl',
             f'{free["free"] - 200:,}', '2',
             f'{free["free"] - 300:,} at 301, 100 at 101'),
            tuple(row[column] for column in (
                'Pool', 'Model', 'In use', 'Free', 'Minidisks',
                'Free extents, the largest first')))

    def test_many_extents(self):
        self.create()
        for number in range(20):
            self.add_disk(vdev=f'{0x200 + number:04X}', size=10)
        for number in range(0, 18, 2):
            self.smcli('Image_Disk_Delete_DM', '-T', 'GUEST1', '-v',
                       f'{0x200 + number:04X}', '-e', '0')

        self.assertTrue(self.row('pools', Volume='VOL001')[
            'Free extents, the largest first'].endswith(' and 4 more'))

    def test_who_is_coupled(self):
        for userid in ('GUEST1', 'GUEST2'):
            self.create(userid, simulated.ENTRY +
                        'NICDEF 1000 TYPE QDIO LAN SYSTEM VSW1\n')
            self.grant(userid, 'VSW1', '-k', 'user_vlan_id=7')
        self.smcli('Image_Activate', '-T', 'GUEST1')
        row = self.row('switches', Switch='VSW1')

        self.assertEqual(
            ('ZVMSYS1', 'AWARE', '0A10 0A20', '2', '1', 'GUEST1 1000 VLAN 7'),
            tuple(row[column] for column in (
                'Member', 'VLAN', 'Real devices', 'Granted', 'Coupled',
                'Who is coupled')))
        self.assertEqual('1000 VSW1 VLAN 7', self.row(
            'guests', Userid='GUEST1')['Adapters'])

    def test_fcp_devices(self):
        self.assertEqual('none', self.row('fcp', Device='1A01')['Owner'])
        self.smcli('Image_Activate', '-T', 'SMALL')
        rows = self.page().tables['fcp']
        devices = self.machine.state()['members']['ZVMSYS1']['fcp_devices']
        known = {device['address']: device for device in devices}

        self.assertEqual(
            ('1A01', 'SMALL', known['1A01']['wwpn'], known['1A01']['chpid']),
            tuple(rows[0][column] for column in (
                'Device', 'Owner', 'NPIV WWPN', 'CHPID')))
        self.assertEqual(sorted(known), sorted(row['Device'] for row in rows))
        self.assertEqual('1A01 is 1A01', self.row(
            'guests', Userid='SMALL')['Dedicated'])

    def test_faults_time_and_latencies(self):
        self.assertIn('faults in force: none', self.page().text)
        self.system.engine.faults.add({
            'match': {'userid': 'SMALL'}, 'action': {'drop': True}})
        self.execute('vmcp', 'query', 'names')
        page = self.page()

        self.assertEqual([{
            'Fault': 'fault-1', 'For': 'userid SMALL', 'What happens': 'drop',
            'Matched': '0', 'Hit': '0'}], page.tables['faults'])
        self.assertIn('2023-11-14 22:13:20 UTC', page.text)
        self.assertIn('60 simulated seconds', page.text)
        self.assertIn('latencies: instant', page.text)


class TestCluster(PageTestCase):

    scenario = {'ssi': 'SSIC', 'members': [
        {'name': 'A', 'connector': 'ZCCA'},
        {'name': 'B', 'connector': 'ZCCB'}]}

    def test_members(self):
        page = self.page()

        self.assertIn('SSI cluster SSIC', page.text)
        self.assertEqual(
            [('A', 'runs (77)'), ('B', 'does not run')],
            [(row['Member'], row['State']) for row in page.tables['members']])
        self.assertEqual(['A', 'A', 'B', 'B'], [
            row['Member'] for row in page.tables['switches']])
        self.assertEqual('B', page.rows('guests', Userid='ZCCB')[0]['Member'])


class TestManyGuests(PageTestCase):

    scenario = {'directory': {'users': {
        f'INST{number:04}': f'USER INST{number:04} X 1G 1G G\n'
        for number in range(1000)}}}

    def userids(self, **query):
        return [row['Userid'] for row in
                self.page('system', **query).tables['guests']]

    def test_pages(self):
        seen = []
        for number in range(1, 12):
            userids = self.userids(page=str(number))
            self.assertLessEqual(len(userids), views.GUESTS_A_PAGE)
            seen += userids

        everyone = [userid for userid, entry in
                    self.machine.state()['directory'].items()
                    if not entry['profile']]
        self.assertEqual(sorted(everyone), seen)
        self.assertIn('Page 2 of 11', ' '.join(
            self.page(page='2').text.split()))

    def test_page_that_is_none(self):
        first, last = self.userids(), self.userids(page='11')
        for number, expected in (('0', first), ('-1', first), ('x', first),
                                 ('\u00b2', first), ('99', last),
                                 ('9' * 5000, last)):
            self.assertEqual(expected, self.userids(page=number), number)

    def test_found_by_userid(self):
        self.assertEqual(['INST0123'], self.userids(guest=' inst0123'))
        self.assertEqual(100, len(self.userids(guest='INST00')))
        self.assertIn('None.', self.page('system', guest='NOBODY').text)

    def test_many_coupled(self):
        for number in range(30):
            userid = f'INST{number:04}'
            self.smcli('Image_Activate', '-T', userid)
            self.grant(userid)
            for api in ('Create_Extended', 'Connect_Vswitch'):
                self.smcli(f'Virtual_Network_Adapter_{api}', '-T', userid,
                           *{'Create_Extended': (
                               '-k', 'image_device_number=1000', '-k',
                               'adapter_type=QDIO'),
                             'Connect_Vswitch': (
                                 '-v', '1000', '-n', 'VSW2')}[api])
        row = self.page().rows('switches', Switch='VSW2')[0]

        self.assertEqual('30', row['Coupled'])
        self.assertIn('INST0000 1000', row['Who is coupled'])
        self.assertTrue(row['Who is coupled'].endswith('and 6 more'))


class TestLog(PageTestCase):

    def records(self):
        return self.page().tables['log']

    def test_empty(self):
        self.assertIn('Nothing has run yet.', self.page('log').text)

    def test_latest_first(self):
        self.execute('sudo', 'vmcp', 'query userid')
        self.execute('vmcp', 'query', 'user', 'NOBODY')
        number, _ = self.system.engine.begin_request(
            simulated.MEMBER, 'GET /guests/X', 0)
        records = self.records()

        column = 'Request or command, the latest first'
        self.assertEqual(
            [('3', 'rest', 'GET /guests/X', 'running'),
             ('2', 'cp', 'vmcp query user NOBODY HCPCQU045E NOBODY not '
              'logged on', 'rc 1'),
             ('1', 'cp', 'vmcp query userid', 'rc 0')],
            [(record['No.'], record['Kind'], record[column],
              record['Outcome']) for record in records])
        self.system.engine.end_request(number, 404, 0)
        self.assertEqual('404', self.records()[0]['Outcome'])

    def test_only_the_latest(self):
        for number in range(documents.LOG_LINES + 5):
            self.execute('vmcp', 'query', 'names', str(number))
        records = self.records()

        self.assertEqual(documents.LOG_LINES, len(records))
        self.assertEqual(str(documents.LOG_LINES + 5), records[0]['No.'])

    def test_no_secret(self):
        self.execute('iucvclnt', 'MAINT', 'echo root:S3CRET | chpasswd')
        self.execute('vmcp', 'xautolog', 'MAINT', 'S3CRET')
        self.system.engine.faults.add({'action': {
            'status': 8, 'output': 'S3CRET is too short\n'}})
        self.execute('smcli', 'Image_Password_Set_DM', '-p', 'S3CRET')

        self.assertNotIn('S3CRET', self.html())
        self.assertEqual(3, len(self.records()))


class TestDocument(PageTestCase):

    scenario = {'directory': {'users': {
        'SMALL': 'USER SMALL S3CRET 1G 2G G\n'}}}

    def test_nothing_of_the_directory_text(self):
        self.assertIn('S3CRET', self.machine.directory_text('SMALL'))
        self.assertIn('SMALL', self.html())
        self.assertNotIn('S3CRET', self.html())

    def test_what_comes_from_outside_is_text(self):
        evil = '"><script>alert(1)</script>'
        self.execute('vmcp', 'query', evil)
        self.system.engine.faults.add({
            'match': {'command': evil}, 'action': {'drop': True}})
        page = self.page(guest=evil)

        self.assertEqual(1, len([tag for tag, _ in page.tags
                                 if tag == 'script']))
        self.assertEqual(2, page.text.count(evil) - page.text.count(
            f'with {evil}'))
        self.assertIn(evil, [attributes.get('value')
                             for _, attributes in page.tags])

    def test_for_every_reader(self):
        page = self.page()
        tags = dict(page.tags)

        self.assertEqual('en', tags['html']['lang'])
        self.assertIn('ZVMSYS1 - simulated z/VM', page.text)
        self.assertEqual(
            {'col', 'row'},
            {attributes.get('scope') for tag, attributes in page.tags
             if tag == 'th'})
        ids = [attributes['id'] for _, attributes in page.tags
               if 'id' in attributes]
        self.assertEqual(sorted(set(ids)), sorted(ids))
        for tag, attributes in page.tags:
            name = attributes.get('aria-labelledby', attributes.get('for'))
            if name:
                self.assertIn(name, ids)

    def test_nothing_from_elsewhere(self):
        for tag, attributes in self.page().tags:
            self.assertEqual(
                [], [name for name in attributes
                     if name == 'style' or name.startswith('on')])
            for name in ('src', 'href', 'action', 'data-source'):
                self.assertRegex(attributes.get(name) or '/', '^(/|#|data:)')

    def test_parts_that_the_page_names(self):
        named = [attributes.get('src') or attributes.get('data-source')
                 or attributes['href'] for _, attributes in self.page().tags
                 if 'src' in attributes or 'data-source' in attributes
                 or attributes.get('rel') == 'stylesheet']
        self.assertEqual(4, len(named))
        for path in named:
            self.assertNotEqual('', documents.document(
                self.system, path.removeprefix('/status/'), {}).text)

    def test_fragments_are_parts_of_the_page(self):
        for name in ('system', 'log'):
            fragment = self.html(name)
            self.assertNotIn('<html', fragment)
            self.assertIn(fragment.strip(), self.html())

    def test_no_other_document(self):
        for name in ('', 'other', '../views.py', 'macros.html'):
            self.assertRaises(KeyError, documents.document, self.system,
                              name, {})

    def test_state_is_taken_once(self):
        taken = []
        state = self.machine.state
        self.machine.state = lambda: taken.append(1) or state()
        self.system.describe = lambda: json.loads(
            '{"members": {"ZVMSYS1": {"rest_url": "", "sdk_port": 1, '
            '"pid": 1}}}')
        self.html()

        self.assertEqual([1], taken)

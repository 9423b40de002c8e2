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

from oslotest import base

from nova_zvm.zvm import names


class UseridTestCase(base.BaseTestCase):

    def test_is_the_name_in_upper_case(self):
        self.assertEqual('ABC0001F', names.userid('abc0001f'))

    def test_names_that_are_none(self):
        for name in ('', 'instance-1', 'abc000001', 'abc_1', 'äbc1', 'a b',
                     'abc\n'):
            exc = self.assertRaises(ValueError, names.userid, name)
            self.assertIn(name, str(exc))


class TemplateCapacityTestCase(base.BaseTestCase):

    def test_the_last_instance_that_has_room(self):
        for template, capacity in (
                ('abc%05x', 0xfffff), ('inst%04x', 0xffff),
                ('abc%05d', 99999), ('abc%d', 99999), ('%08x', 2 ** 31 - 1),
                ('abc%(id)05x', 0xfffff), ('n%03d', 9999999)):
            self.assertEqual(capacity, names.template_capacity(template),
                             template)

    def test_no_room_at_all(self):
        for template in ('nova%08x', 'instance-%08x', 'a-%05x', 'a_%d',
                         '%(uuid)s', '%(hostname)s', '%d%d', '%y', ''):
            self.assertEqual(-1, names.template_capacity(template), template)

    def test_one_name_for_all_instances_has_room_for_one(self):
        self.assertEqual(0, names.template_capacity('linux'))

    def test_id_of_a_userid(self):
        for template, userid, instance_id in (
                ('abc%05x', 'ABC0002A', 42), ('abc%05d', 'ABC00042', 42),
                ('abc%d', 'ABC42', 42), ('a1%(id)04x', 'A1002A', 42),
                ('%08x', '0000002A', 42), ('a%05o', 'A00052', 42),
                ('abc%05x', 'ABC0002G', None), ('abc%05x', 'ABC2A', None),
                ('abc%05x', 'ABD0002A', None), ('abc%05x', 'MAINT', None)):
            self.assertEqual(instance_id,
                             names.template_id(template, userid), userid)


class VdevTestCase(base.BaseTestCase):

    def test_nics_are_four_upper_case_digits_and_three_apart(self):
        self.assertEqual(['1000', '1003', '1006', '1009', '100C'],
                         [names.nic_vdev(number) for number in range(5)])

    def test_a_nic_takes_three(self):
        self.assertEqual([0x100C, 0x100D, 0x100E],
                         list(names.nic_numbers('100C')))

    def test_the_first_that_is_free(self):
        for used, vdev in (
                ([], '1000'), ([0x0100, 0x0FFF], '1000'), ([0x1002], '1003'),
                ([0x1000, 0x1006], '1003'), (range(0x1000, 0x100C), '100C'),
                ([0x1001, 0x1004], '1006')):
            self.assertEqual(vdev, names.free_nic_vdev(set(used)))


class ImageNamesTestCase(base.BaseTestCase):

    def test_all_of_ours_have_the_prefix_and_differ(self):
        ours = [names.image('1234'), names.config_drive('1234'),
                names.BLANK_IMAGE]
        self.assertEqual(3, len(set(ours)))
        for name in ours:
            self.assertTrue(name.startswith(names.OWN_PREFIX))
            self.assertNotIn('/', name)

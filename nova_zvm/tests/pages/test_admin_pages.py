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

"""What the administrator's pages say is what the code has.

functional/test_counts compares the requests and commands of the page on
capacity.
"""

from importlib import metadata
import math
import pathlib
import re

from nova import conf
import testtools

from nova_zvm.conf import settings
from nova_zvm.connector import timeouts
from nova_zvm.record import parts
from nova_zvm.zvm import names


ROOT = pathlib.Path(__file__).parents[3]


def page(name):
    return (ROOT / 'doc/source/admin' / name).read_text()


def rows(pattern):
    """Return those rows of the page on capacity whose second cell counts."""
    return re.findall(r'^   \* - %s\n     - ([\d,]+)$' % pattern,
                      page('capacity.rst'), re.M)


class TestCapacity(testtools.TestCase):

    def test_room_for_names(self):
        told = {template: int(last.replace(',', ''))
                for template, last in rows('``(.*%.*)``')}
        self.assertEqual(5, len(told))
        self.assertEqual(
            {template: names.template_capacity(template)
             for template in told}, told)

    def test_limits_of_names(self):
        self.assertEqual((65535, 10 ** 6), (settings.LEAST_CAPACITY,
                                            settings.GOOD_CAPACITY))
        self.assertIn('fewer than 65,535 stops', page('capacity.rst'))

    def test_defaults_of_nova(self):
        told = {option: int(value) for option, value in rows('nova ``(.*)``')}
        self.assertIn('nova 31 and 32 have 1000', page('capacity.rst'))
        if metadata.version('nova').startswith(('31.', '32.')):
            told['sync_power_state_pool_size'] = 1000
        self.assertEqual(
            {option: getattr(conf.CONF, option) for option in told}, told)


class TestWaits(testtools.TestCase):

    def test_minutes_of_a_capture_and_a_deploy(self):
        """Wherever an administrator reads how long they may take."""
        capture, deploy = (
            str(math.ceil(timeouts.Timeouts().read(name) / 60))
            for name in ('guests.capture', 'guests.deploy'))
        self.assertIn('%s minutes for a capture and %s for a deploy' % (
            capture, deploy), ' '.join(page('securing.rst').split()))
        front = ROOT / 'etc/nginx/nova-zvm-connector.conf'
        for text in (page('troubleshooting.rst'),
                     front.read_text().replace('#', '')):
            self.assertIn('a capture may take %s minutes' % capture,
                          ' '.join(text.split()))


class TestUpgrades(testtools.TestCase):

    def test_times_of_a_stop(self):
        """nova has them since 33."""
        text = ' '.join(page('upgrades.rst').split())
        told = dict(re.findall(r'``(\w+_shutdown_timeout)``, (\d+) seconds by '
                               'default', text))
        self.assertEqual({'manager_shutdown_timeout',
                          'graceful_shutdown_timeout'}, set(told))
        if not metadata.version('nova').startswith(('31.', '32.')):
            self.assertEqual({option: str(getattr(conf.CONF, option))
                              for option in told}, told)
        # Each has to be more than the one before it.
        times = [int(time) for time in re.findall(
            r'(?m)^   (?:\w+_shutdown_timeout = |TimeoutStopSec=)(\d+)$',
            page('upgrades.rst'))]
        self.assertEqual(3, len(times))
        self.assertEqual(sorted(set(times)), times)

    def test_records(self):
        self.assertEqual(parts.KEYS, set(re.findall(
            '``(zvm_[a-z_]+)``', page('upgrades.rst'))))

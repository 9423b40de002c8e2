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

"""Boots and deletes with one fault each, and what must be left: nothing.

A cell of the fault matrix is one step of a boot or a delete with one way to
fail. Here is what a test of cells needs: foreign guests that stand beside,
a server that takes every step, and the comparison at the end.
"""

import base64
import functools
import os
import re
import textwrap
import threading
import time

import fixtures
from nova import context as nova_context
from nova import exception as nova_exception
from nova import objects
from testtools import content

from nova_zvm.connector import client
from nova_zvm.connector import models
from nova_zvm.tests.support import cloud
from nova_zvm.tests.support.faults import killer
from nova_zvm.tests.support.faults import pace
from nova_zvm.zvm import names
from zvm_simulator import fixture

VLAN_NETWORK = 'vsw1'
CONNECTOR = 'ZCCSRV'

# In the environment: a regular expression on the names of cells, and a file
# that gets a line for each cell that was tried again.
CELLS = 'NOVA_ZVM_CELLS'
RETRIES = 'NOVA_ZVM_RETRIES'
# Of one test; none where the machine is quiet.
MOST_RETRIES = 2

# The last has the name of nova's first instance.
FOREIGN = ('FOREIGN1', 'FOREIGN2', 'NVT00001')

# Of each server its own.
ADMIN_PASSWORD = 'Secret-%dAdm1nPass'
USER_DATA = '#cloud-config secret-%d-user-data'

# Real seconds on a quiet machine; only a test that fails waits so long.
PATIENCE = 20
# A create is then given 6 seconds, a query 0.6.
TIMEOUT_SCALE = 0.01
# What starting a foreign guest takes on a quiet machine.
NOMINAL = 0.15


def tests_of(whole):
    """Give a class a test for each list of cells, by name.

    Only for those among which NOVA_ZVM_CELLS chooses, if it is set.
    """
    chosen = re.compile(os.environ.get(CELLS, '')).search

    def decorated(cls):
        for name, cells in whole.items():
            cells = [cell for cell in cells if chosen(cell.name)]
            if cells:
                setattr(cls, 'test_' + name,
                        lambda self, cells=cells: self.run_cells(cells))
        return cls
    return decorated


class FaultTestCase(cloud.ZVMTestCase):
    """Foreign guests stand beside each test; at its end they still do."""

    # A test is up to thirty boots and deletes.
    TIMEOUT_SCALING_FACTOR = 8

    def setUp(self):
        self._retried = []
        super().setUp()
        self.boots = 0
        # Between two tries of a request.
        self.useFixture(fixtures.MonkeyPatch(
            'nova_zvm.connector.session.PAUSES', (0.02, 0.02)))
        self.flavor_id = self.create_flavor(ephemeral=1)
        self.provide_vlan_network(VLAN_NETWORK)
        self.killer = self.useFixture(
            killer.Killer(self.zvm.url))
        self._boot_onto_a_foreign_guest()
        self.assertTrue(self.delete(self.built(self.start_boot())))

    def configure(self):
        super().configure()
        self.connector = client.Connector(
            self.zvm.url, token_file=self.zvm.token_file)
        self.addCleanup(self.zvm.engine.clock.set_speed, fixture.SPEED)
        self._make_foreign_guests()
        self.flags(notification_format='versioned', group='notifications')
        self.flags(max_attempts=1, group='scheduler')
        self.flags(instances=-1, group='quota')
        self.flags(response_validation='ignore', group='api')

    # What stands beside

    def _make_foreign_guests(self):
        """Start guests that are not nova's, and keep pace with that.

        The connector knows all but one of them.
        """
        self.zvm.engine.clock.set_speed(fixture.SPEED)
        seconds = sorted(
            pace.timed(lambda: self._make_foreign_guest(number, userid))
            for number, userid in enumerate(FOREIGN))
        self.keep_pace(pace.factor(seconds[1], NOMINAL))
        self.connector.guests.deregister(FOREIGN[1])
        self.foreign = self._foreign_guests()

    def keep_pace(self, factor):
        """Let limits be so many times what they are on a quiet machine.

        The clock of z/VM is slowed down as much, since delays of a fault are
        between two limits. What comes late (LATE, 0.3 real seconds) or very
        late comes after what the driver or the user does next, and before
        the driver gives up waiting for it: 3 seconds for a change of the
        directory, 6 for a create. A query that is delayed by half of LATE is
        answered within its 0.6 seconds.
        """
        self.pace = factor
        self.zvm.engine.clock.set_speed(fixture.SPEED / factor)
        self.flags(timeout_scale=TIMEOUT_SCALE * factor, group='zvm')
        self.patience = PATIENCE * factor

    def _make_foreign_guest(self, number, userid):
        guests = self.connector.guests
        guests.create(userid, 1, 512, [models.DiskSpec('1g', boot=True)])
        self.connector.nics.create_interface(userid, 'rhel8.6', [
            models.GuestNetwork(
                vdev='1000', nic_id='port%d' % number,
                mac='02:00:00:00:00:%02d' % number,
                ip='10.0.0.%d' % (number + 1), cidr='10.0.0.0/24')])
        self.connector.nics.couple(userid, '1000', 'VSW2')
        self.connector.vswitches.grant('VSW2', userid)
        guests.start(userid)

    def _foreign_guests(self):
        """Return all that z/VM says of them; the rest is in the snapshots.

        """
        return {userid: self.zvm.machine.state()['guests'].get(userid)
                for userid in FOREIGN}

    def _boot_onto_a_foreign_guest(self):
        server = self.built(self.start_boot())
        self.assertEqual('ERROR', server['status'])
        self.assertIn('z/VM already has a guest NVT00001',
                      server['fault']['message'])
        self.assertTrue(self.delete(server))

    # Boot and delete

    def start_boot(self, image_id=None):
        self.boots += 1
        request = self._build_server(
            image_uuid=image_id or self.image_id, flavor_id=self.flavor_id,
            networks=[{'uuid': self.neutron.network_1['id']},
                      {'port': self.make_vlan_port()['id']}])
        request.update(
            config_drive=True, adminPass=ADMIN_PASSWORD % self.boots,
            user_data=base64.b64encode(
                (USER_DATA % self.boots).encode()).decode())
        self.notifier.reset()
        return self.api.post_server({'server': request})

    def wait(self, probe, what, interval):
        """Return what probe returns as soon as it is true."""
        deadline = time.monotonic() + self.patience
        pause = threading.Event()
        while True:
            found = probe()
            if found:
                return found
            if time.monotonic() > deadline:
                self.fail('Waited in vain for %s' % what)
            pause.wait(interval)

    def built(self, server):
        """Return the server once nova has built it, or failed to."""
        self._wait_for_notification(
            'instance.create.end', 'instance.create.error')
        self.wait_for_states(server, ('active', None), ('error', None))
        return self.api.get_server(server['id'])

    def states(self, server):
        """Return vm_state and task_state, or None if it has been deleted.

        nova's database has much less work with it than its API.
        """
        try:
            instance = objects.Instance.get_by_uuid(
                self.context_of_admin(), server['id'], expected_attrs=[])
        except nova_exception.InstanceNotFound:
            return None
        return instance.vm_state, instance.task_state

    def wait_for_states(self, server, *wanted):
        """Wait for a server to be in one of some states; return it."""
        return self.wait(lambda: [
            found for found in [self.states(server)] if found in wanted],
            'one of %s' % (wanted,), 0.02)[0]

    def _wait_for_notification(self, *types):
        """Wait with much less work than nova's API has with a question."""
        self.wait(lambda: [
            found for found in self.notifier.versioned_notifications
            if found['event_type'] in types], 'one of %s' % (types,), 0.01)

    def delete(self, server):
        """Delete a server; return whether nova could."""
        self.notifier.reset()
        self.api.delete_server(server['id'])
        self._wait_for_notification(
            'instance.delete.end', 'compute.exception')
        return self.wait_for_states(server, None, ('error', None)) is None

    # Cells

    def run_cells(self, cells):
        failures = []
        for cell in cells:
            reason = self._result(cell)
            if reason and self._start_over_if_busy():
                self._tell_retry(cell, reason)
                reason = self._result(cell)
            if reason:
                self._start_over()
                failures.append('%s: %s' % (cell.name, reason))
        self.assertEqual(self.foreign, self._foreign_guests())
        if failures:
            self.fail('\n'.join([*failures, *self._retried]))

    def _start_over_if_busy(self):
        """Start over if a cell may have failed for lack of time alone.

        The machine may have become busier since its limits were set. What is
        wrong fails on a fresh z/VM again.
        """
        if len(self._retried) == MOST_RETRIES:
            return False
        before = self.pace
        self._start_over()
        return max(before, self.pace) > pace.QUIET

    def _tell_retry(self, cell, reason):
        line = '%s, tried again with limits %.1f times as long: %s' % (
            cell.name, self.pace, textwrap.shorten(reason, 200))
        self._retried.append(line)
        self.addDetail('cells tried again', content.text_content(
            '\n'.join(self._retried)))
        if os.environ.get(RETRIES):
            with open(os.environ[RETRIES], 'a') as stream:
                stream.write(line + '\n')

    def _result(self, cell):
        """Run a cell and return what is wrong, None if nothing."""
        try:
            self._run_cell(cell)
        except Exception as exc:
            return str(exc) or repr(exc)
        finally:
            self.zvm.engine.faults.clear()
            self.killer.release()
            self.zvm.simulator.member.start()

    def _start_over(self):
        """Bring z/VM to its first state, with the foreign guests on it."""
        self.zvm.simulator.reset()
        self._make_foreign_guests()
        self.restart_compute()
        self.assertTrue(self.delete(self.built(self.start_boot())))

    def _run_cell(self, cell):
        before = self.snapshot()
        image_id = self.create_image() if cell.image else None
        if cell.image:
            self.connector.images.delete('nova-blank')
        if cell.fresh:
            self.restart_compute()
        server = self._boot(cell, image_id)
        self.assertEqual(cell.expected, server['status'],
                         server.get('fault'))
        self._delete(cell, server)
        self.zvm.simulator.wait_idle(self.patience)
        if cell.reaped:
            self._reap()
        if image_id:
            # What could not be overwritten at once is now.
            self.driver.manage_image_cache(
                nova_context.get_admin_context(), [])
            self.end_sweeps()
            self._check_image(image_id)
        self._check_secrets(self._files_that_stay(cell))
        self._take_what_stays(cell, before)
        self.assert_nothing_left(before)
        self._check_secrets([])

    def _boot(self, cell, image_id):
        self._inject(cell.faults)
        if not cell.kill:
            server = self.built(self.start_boot(image_id))
        else:
            self.killer.arm(*cell.kill)
            server = self.start_boot(image_id)
            self._replace_compute()
            server = self.api.get_server(server['id'])
        self._heal()
        return server

    def _delete(self, cell, server):
        self._inject(cell.delete_faults)
        if cell.delete_kill:
            self.killer.arm(*cell.delete_kill)
            self.api.delete_server(server['id'])
            self._replace_compute()
            gone = self.states(server) is None
        else:
            gone = self.delete(server)
        self._heal()
        self.assertEqual(cell.repeated, not gone)
        if cell.repeated:
            self.assertTrue(self.delete(server), 'the delete failed')

    def _replace_compute(self):
        """Start a new nova-compute in the place of one that is killed."""
        self.assertTrue(self.killer.killed.wait(self.patience), 'not killed')
        self.assert_no_secret_here((ADMIN_PASSWORD % self.boots).encode())
        self.replace_compute()

    def _reap(self):
        """Run the task with which nova removes what a delete left.

        nova forgets the host of a server whose boot failed, so the delete
        of such a server does not reach the driver.
        """
        self.compute.manager._cleanup_running_deleted_instances(
            nova_context.get_admin_context())

    def _check_image(self, image_id):
        """See that the connector has an image as it was sent, or not at all.

        """
        for path in self.connector_files():
            if path.match('*/%s/*' % names.image(image_id)):
                self.assertEqual(
                    self.images.contents[image_id].data, path.read_bytes())

    def _files_that_stay(self, cell):
        """Return the paths of the files that a cell says stay, no others.

        """
        found = {'upload': [path for path in self.uploads()
                            if path.stat().st_size != 512],
                 'copy': [path for path in self.connector_files()
                          if path.name == 'cfgdrive.iso']}
        for what, paths in found.items():
            self.assertEqual(what in cell.stays, len(paths) == 1, paths)
        return [path for paths in found.values() for path in paths]

    def _take_what_stays(self, cell, before):
        """See that there is as much as a cell says, and take it away."""
        for path in self._files_that_stay(cell):
            path.unlink()
        state = self.zvm.machine.state()
        if 'link' in cell.stays:
            [link] = state['links']
            self._command('/opt/zthin/bin/offlinediskanddetach',
                          link['userid'], link['vdev'])
        if 'late name' in cell.stays:
            for name in set(state['namelists']['NL' + CONNECTOR]) - set(
                    before['name lists']['NL' + CONNECTOR]):
                self._command('smcli', 'Name_List_Remove', '-T',
                              'NL' + CONNECTOR, '-n', name)
        if 'name' in cell.stays:
            names = state['namelists']
            self._command('smcli', 'Name_List_Remove', '-T', 'NL' + CONNECTOR,
                          '-n', [name for name in names['NL' + CONNECTOR]][-1])
        if 'punched' in cell.stays:
            [file] = [found for found in state['spool'][CONNECTOR]
                      if found not in before['reader files'].get(
                          CONNECTOR, ())]
            self._command('vmcp', 'purge', 'rdr', '%04d' % file['spoolid'])

    def _command(self, *argv):
        """Run a command as the administrator of the connector's Linux."""
        answer = self.zvm.machine.execute('ZVMSYS1', list(argv))
        self.assertEqual(0, answer.status, answer.output)

    def _inject(self, faults):
        for fault in faults:
            self.zvm.engine.faults.add(fault)

    def _heal(self):
        """Take the faults away, each of which must have hit.

        That of a command may do so after nova has heard that its request
        failed.
        """
        for fault in self.zvm.engine.faults.as_list():
            self.wait(functools.partial(self._has_hit, fault['id']),
                      'a hit of %s' % fault, 0.02)
        self.zvm.engine.faults.clear()
        self.zvm.simulator.member.start()

    def _has_hit(self, ident):
        return any(fault['hit'] for fault
                   in self.zvm.engine.faults.as_list()
                   if fault['id'] == ident)

    def _check_secrets(self, exceptions):
        for secret in (ADMIN_PASSWORD, USER_DATA):
            self.assert_no_secret_on_connector(
                (secret % self.boots).encode(), exceptions)

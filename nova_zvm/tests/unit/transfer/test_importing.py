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

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.connector import timeouts
from nova_zvm.errors import failures
from nova_zvm.tests.support import fakes
from nova_zvm.tests.support import inmemory
from nova_zvm.transfer import importing
from nova_zvm.zvm import imageheader

DATA = imageheader.Header(3338, 'CYL').pack()
NAME = 'nova-image'
# Of an import: seconds.
LIMIT = timeouts.IMAGE_COPY


class ImportTestCase(inmemory.ZVMTestCase):

    def setUp(self):
        super().setUp()
        self.connector.uploads['file:///a'] = DATA
        self.upload = models.File('file:///a', len(DATA), fakes._md5(DATA))
        self.creates = self.connector.faults['images.create'] = []

    def run_import(self):
        return importing.run(self.connector.images, NAME, self.upload,
                             'rhel8.6', self.patience)

    def fault(self, failure, **image):
        """Let an import fail and leave an image of another."""
        def fail(*args):
            if image:
                self.connector.put_image(
                    NAME, **{'md5': self.upload.md5,
                             'size_bytes': self.upload.size, **image})
            raise failure
        self.creates.append(fail)

    def test_import(self):
        self.assertTrue(self.run_import().holds(len(DATA), self.upload.md5))
        self.assertEqual(1, self.connector.count('images.create'))
        # The upload may be overwritten while the connector copies it.
        [args] = [args for operation, args in self.connector.calls
                  if operation == 'images.create']
        self.assertEqual(self.upload.md5, args[-1])

    def collisions(self):
        """Yield what the connector answers an import that meets another."""
        for code in 300, 500:
            yield fakes.error(rc=(code, code, 1), settle_seconds=LIMIT)
        yield fakes.error(errors.Conflict, status=409, rc=(300, 300, 13),
                          settle_seconds=LIMIT)

    def test_error_before_another_has_made_the_image(self):
        for failure in self.collisions():
            self.fault(failure)
            self.clock.at(10, lambda: self.connector.put_image(
                NAME, md5=self.upload.md5, size_bytes=len(DATA),
                path='/there'))
            self.assertEqual('/there', self.run_import().path)
            self.assertEqual(['images.create'], self.connector.writes)
            self.connector.repository.clear()
            self.connector.calls.clear()

    def test_error_before_another_breaks_the_image(self):
        """The folder of both is gone: the one that failed repairs it."""
        self.fault(fakes.error(settle_seconds=LIMIT))
        self.clock.at(10, self.break_it)
        self.assertTrue(self.run_import().holds(len(DATA), self.upload.md5))
        self.assertEqual(['images.create', 'images.delete', 'images.create'],
                         self.connector.writes)
        self.assertAlmostEqual(1010, self.clock.now, delta=1)

    def test_error_and_another_makes_no_image(self):
        for failure in self.collisions():
            self.fault(failure)
            self.assertTrue(self.run_import().holds(
                len(DATA), self.upload.md5))
            self.assertEqual(['images.create'] * 2, self.connector.writes)
            self.connector.repository.clear()
            self.connector.calls.clear()

    def test_error_again(self):
        """Its reason is none that passes, such as a lack of space."""
        for failure in self.collisions():
            started = self.clock.now
            self.fault(failure)
            self.fault(failure)
            self.assertIs(failure, self.assertRaises(
                errors.ConnectorError, self.run_import))
            self.assertEqual(['images.create'] * 2, self.connector.writes)
            self.assertTrue(self.clock.now - started < LIMIT / 20)
            self.connector.calls.clear()

    def test_error_that_no_other_import_causes(self):
        for failure in (
                fakes.error(errors.BadRequest, status=400, rc=(400, 400, 1)),
                fakes.error(errors.Busy, status=503, rc=(503, 503, 1)),
                fakes.error(errors.Unreachable, rc=(101, 101, 2)),
                errors.ConnectorError(fakes.error().operation, 'HTML',
                                      status=500)):
            self.fault(failure)
            self.assertIs(failure, self.assertRaises(
                errors.ConnectorError, self.run_import))
            self.assertEqual(['images.create', 'images.get'],
                             self.connector.operations)
            self.assertEqual(1000, self.clock.now)
            self.connector.calls.clear()

    def test_error_with_a_good_image(self):
        self.fault(fakes.error(), path='/there')
        self.assertEqual('/there', self.run_import().path)
        self.assertEqual(1, self.connector.count('images.create'))

    def test_error_with_a_broken_image(self):
        for broken in ({'last_access_time': -1.0}, {'size_bytes': 1},
                       {'md5': 'f' * 32}, {'os_version': 'rhel7.6'}):
            self.fault(fakes.error(), **broken)
            self.assertTrue(self.run_import().holds(
                self.upload.size, self.upload.md5))
            self.connector.repository.clear()

    def test_broken_again_and_again(self):
        for _ in range(importing.TRIES):
            self.fault(fakes.error(), last_access_time=-1.0)
        exc = self.assertRaises(failures.ConnectorFailure, self.run_import)
        self.assertIn(NAME, str(exc))
        self.assertEqual({}, self.connector.repository)
        self.assertEqual(importing.TRIES,
                         self.connector.count('images.create'))

    def break_it(self, *args):
        self.connector.put_image(NAME, last_access_time=-1.0)

    def test_another_repairs_what_it_broke(self):
        self.connector.faults['images.get'] = [
            self.break_it,
            lambda name: self.connector.repository.clear()]
        self.clock.at(5, lambda: self.connector.put_image(
            NAME, md5=self.upload.md5, size_bytes=self.upload.size))
        self.assertTrue(self.run_import().holds())
        self.assertEqual(['images.create'], self.connector.writes)

    def test_another_does_not_repair_what_it_broke(self):
        self.connector.faults['images.get'] = [self.break_it]
        self.assertTrue(self.run_import().holds())
        self.assertEqual(['images.create', 'images.delete', 'images.create'],
                         self.connector.writes)
        self.assertEqual(1000 + importing.LEAST_PATIENCE, self.clock.now)

    def test_a_repair_takes_as_long_as_an_import(self):
        self.creates.append(lambda *args: self.clock.sleep(100))
        self.connector.faults['images.get'] = [self.break_it]
        self.run_import()
        self.assertEqual(1100 + importing.PATIENCE * 100, self.clock.now)

    def test_late_effect(self):
        failure = fakes.outcome_unknown('images.create')
        self.fault(failure)
        self.clock.at(300, lambda: self.connector.put_image(
            NAME, md5=self.upload.md5, size_bytes=len(DATA)))
        self.assertTrue(self.run_import().holds())
        self.assertTrue(self.clock.now < 1000 + failure.settle_seconds)

    def test_lost_for_good(self):
        failure = fakes.outcome_unknown('images.create')
        self.fault(failure)
        self.assertRaises(errors.OutcomeUnknown, self.run_import)
        self.assertEqual(1000 + failure.settle_seconds, self.clock.now)

    def test_connector_down(self):
        self.fault(fakes.unreachable())
        self.connector.faults['images.get'] = [fakes.error()]
        self.assertRaises(errors.NotConnected, self.run_import)

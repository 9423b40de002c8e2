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

import threading

from nova import exception as nova_exception

from nova_zvm.errors import failures
from nova_zvm.image import streaming
from nova_zvm.tests.support import inmemory

PATIENCE = 30


class ImageStreamTestCase(inmemory.ZVMTestCase):

    def stream(self, download, size=10):
        return streaming.ImageStream(inmemory.image_meta(size=size), download)

    def test_data(self):
        def download(file):
            self.assertTrue(file)
            for chunk in (b'0123', b'', b'456', b'789'):
                file.write(chunk)

        for size in (1, 3, 10, 100, -1):
            with self.stream(download) as stream:
                pieces = list(iter(lambda: stream.read(size), b''))
                self.assertEqual(b'0123456789', b''.join(pieces))
                if size > 0:
                    self.assertLessEqual(max(map(len, pieces)), size)

    def test_the_last_chunk_waits_for_the_verdict(self):
        first_read, go_on = threading.Event(), threading.Event()

        def download(file):
            file.write(b'01234')
            file.write(b'56789')
            first_read.wait(PATIENCE)
            go_on.set()
            raise nova_exception.CertificateValidationFailed(
                cert_uuid='x', reason='y')

        with self.stream(download) as stream:
            self.assertEqual(b'01234', stream.read(5))
            self.assertFalse(go_on.is_set())
            first_read.set()
            self.assertRaises(nova_exception.CertificateValidationFailed,
                              stream.read, 1)

    def test_nothing_at_all(self):
        with self.stream(lambda file: None) as stream:
            self.assertEqual(b'', stream.head())

    def test_the_download_fails_at_once(self):
        def download(file):
            raise OSError('no route')

        with self.stream(download) as stream:
            exc = self.assertRaises(failures.ImageDownloadFailed,
                                    stream.head)
        self.assertIn('no route', str(exc))

    def test_the_reader_gives_up(self):
        """The writer, who waits for room, ends without a word."""
        full, ended = threading.Event(), []

        def download(file):
            try:
                for number in range(1000):
                    if number == streaming.QUEUED_CHUNKS:
                        full.set()
                    file.write(b'x')
            except BaseException as exc:
                ended.append(exc)
                raise

        with self.stream(download, size=1000) as stream:
            full.wait(PATIENCE)
        self.assertFalse(stream._thread.is_alive())
        self.assertNotIsInstance(ended[0], Exception)

    def test_the_reader_fails(self):
        def read():
            with self.stream(lambda file: [file.write(b'x')
                                           for _ in range(1000)]):
                raise KeyError()

        self.assertRaises(KeyError, read)

    def test_little_is_kept(self):
        read = []
        ahead = []

        def download(file):
            for number in range(100):
                file.write(b'x')
                ahead.append(number - len(read))

        with self.stream(download, size=100) as stream:
            while data := stream.read(1):
                read.append(data)
        self.assertEqual(100, len(read))
        # One is being written, one is held back, one is being read.
        self.assertTrue(max(ahead) <= streaming.QUEUED_CHUNKS + 3, ahead)

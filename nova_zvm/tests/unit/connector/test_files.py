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

"""Files on their way to and from the connector."""

import hashlib
import io
import os

import fixtures
import testtools

from nova_zvm.connector import errors
from nova_zvm.connector import models
from nova_zvm.tests.support import loopback

VERSION = loopback.answer({'version': '1.6.3', 'api_version': '1.0'})
LENGTH = 3 * 1024 * 1024 + 7


class Generated:
    """A file that is not in memory; remembers how it was read."""

    def __init__(self, length=LENGTH):
        self._left = length
        self.largest_read = 0

    def read(self, size=-1):
        size = self._left if size < 0 else min(size, self._left)
        self.largest_read = max(self.largest_read, size)
        self._left -= size
        return b'x' * size


class Broken:
    """A file that ends with an error."""

    def __init__(self, good=0, failure=None):
        self._good = Generated(good)
        self.failure = failure or OSError('no more')

    def read(self, size=-1):
        data = self._good.read(size)
        if data:
            return data
        raise self.failure


def stored(size=None, md5=None):
    """Return a behaviour that answers an upload with what came."""
    def behaviour(server, connection):
        server.read(connection)
        body = server.requests[-1].body
        loopback_answer = loopback.answer({
            'filesize_in_bytes': len(body) if size is None else size,
            'dest_url': 'file:///f/1',
            'md5sum': md5 or hashlib.md5(body).hexdigest()})
        loopback_answer(_Silent(), connection)
    return behaviour


class _Silent:
    def read(self, connection):
        """The request has been read."""


class UploadTest(testtools.TestCase):

    def _upload(self, stream, *behaviours, length=LENGTH, **options):
        self.server = self.useFixture(
            loopback.Loopback(VERSION, *behaviours))
        return self.server.connector(**options).files.upload(stream, length)

    def _fails(self, cls, stream, *behaviours, **options):
        return self.assertRaises(cls, self._upload, stream, *behaviours,
                                 **options)

    def test_upload(self):
        md5 = hashlib.md5(b'x' * LENGTH).hexdigest()
        self.assertEqual(models.File('file:///f/1', LENGTH, md5),
                         self._upload(Generated(), stored()))
        upload = self.server.requests[1]
        self.assertEqual(('PUT', '/files'), (upload.method, upload.path))
        # Without a length the connector stores nothing.
        self.assertEqual(str(LENGTH), upload.headers['content-length'])
        self.assertNotIn('transfer-encoding', upload.headers)
        self.assertEqual('application/octet-stream',
                         upload.headers['content-type'])

    def test_upload_is_read_in_pieces(self):
        stream = Generated()
        self._upload(stream, stored())
        # Neither all at once nor, which takes its time, bit by bit.
        self.assertEqual(1024 * 1024, stream.largest_read)

    def test_upload_of_a_real_file(self):
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 'f')
        with open(path, 'w+b') as stream:
            stream.write(b'0123456789')
            stream.seek(0)
            server = self.useFixture(loopback.Loopback(stored()))
            server.connector().files.upload(stream, 10)
        self.assertEqual(b'0123456789', server.requests[0].body)

    def test_another_size_was_stored(self):
        error = self._fails(errors.TransferError, Generated(), stored(size=0))
        self.assertIn('0 bytes with md5', str(error))
        self.assertEqual('file:///f/1', error.url)
        self.assertIsNone(error.source)

    def test_another_checksum_was_stored(self):
        self._fails(errors.TransferError, Generated(), stored(md5='0' * 32))

    def test_stream_is_shorter_than_announced(self):
        error = self._fails(errors.TransferError, Generated(LENGTH - 1),
                            loopback.hang_up)
        self.assertIn('less than the %d bytes' % LENGTH, str(error))

    def test_stream_is_longer_than_announced(self):
        error = self._fails(errors.TransferError, Generated(2),
                            loopback.hang_up, length=1)
        self.assertIn('more than the 1 bytes', str(error))

    def test_stream_that_cannot_be_read(self):
        error = self._fails(errors.TransferError, Broken(), loopback.hang_up)
        self.assertIn('cannot be read: no more', str(error))

    def test_a_file_that_breaks_off_is_completed(self):
        """Its name would not be known otherwise."""
        for stream, good, reason in (
                (Broken(1000, KeyError('x')), 1000, KeyError),
                (Generated(1000), 1000, errors.TransferError)):
            error = self._fails(errors.TransferError, stream, stored())
            self.assertEqual('file:///f/1', error.url)
            self.assertIsInstance(error.source, reason)
            body = self.server.requests[-1].body
            self.assertEqual(b'x' * good + bytes(LENGTH - good), body)

    def test_a_file_that_does_not_end(self):
        error = self._fails(errors.TransferError, Generated(LENGTH + 1),
                            stored())
        self.assertEqual('file:///f/1', error.url)
        self.assertIn('more than', str(error.source))
        self.assertEqual(LENGTH, len(self.server.requests[-1].body))

    def test_the_source_fails_and_the_answer_is_lost(self):
        failure = KeyError('x')
        error = self._fails(errors.TransferError, Broken(9, failure),
                            loopback.hang_up)
        self.assertIs(failure, error.source)
        self.assertIsNone(error.url)

    def test_empty_file(self):
        self._fails(ValueError, io.BytesIO(b''), length=0)

    def test_broken_connection(self):
        self._fails(errors.TransferError, Generated(), loopback.hang_up)

    def test_no_answer(self):
        self._fails(errors.TransferError, Generated(10), loopback.silence,
                    length=10, timeout_scale=0.001)

    def test_connector_cannot_store(self):
        error = self._fails(
            errors.ConnectorError, Generated(),
            loopback.answer(status=500, overallRC=300, rc=300, rs=1,
                            modID=60, errmsg='No space left on device'))
        self.assertIn('No space left on device', str(error))

    def test_nothing_is_read_when_the_connector_refuses_us(self):
        stream = Generated()
        self.server = self.useFixture(loopback.Loopback(
            loopback.answer(status=401, overallRC=400, rc=400, rs=401)))
        self.assertRaises(errors.Unauthorized,
                          self.server.connector().files.upload, stream,
                          LENGTH)
        self.assertEqual(0, stream.largest_read)


class RepeatableUploadTest(testtools.TestCase):
    """A file that can be read again needs no request ahead of it."""

    TOKEN = staticmethod(loopback.raw(
        b'HTTP/1.1 200 OK\r\nX-Auth-Token: t\r\nConnection: close\r\n'
        b'Content-Length: 0\r\n\r\n'))
    REFUSED = staticmethod(loopback.answer(
        status=401, overallRC=400, rc=400, rs=401))

    def _upload(self, stream, *behaviours, length=LENGTH, token=True):
        options = {}
        if token:
            path = os.path.join(self.useFixture(fixtures.TempDir()).path, 't')
            with open(path, 'w', encoding='ascii') as token_file:
                token_file.write('admin')
            options['token_file'] = path
        self.server = self.useFixture(loopback.Loopback(*behaviours))
        return self.server.connector(**options).files.upload(stream, length)

    def test_one_request(self):
        self._upload(io.BytesIO(b'x' * LENGTH), stored(), token=False)
        self.assertEqual([('PUT', '/files')], [
            (request.method, request.path)
            for request in self.server.requests])

    def test_refused_token_is_renewed_and_the_file_sent_again(self):
        content = os.urandom(LENGTH)
        stream = io.BytesIO(b'before' + content)
        stream.seek(6)
        found = self._upload(stream, self.TOKEN, self.REFUSED, self.TOKEN,
                             stored())
        self.assertEqual(LENGTH, found.size)
        self.assertEqual(['/token', '/files', '/token', '/files'],
                         [request.path for request in self.server.requests])
        self.assertEqual(content, self.server.requests[-1].body)

    def test_new_token_is_refused_too(self):
        self.assertRaises(
            errors.Unauthorized, self._upload, io.BytesIO(b'x' * LENGTH),
            self.TOKEN, self.REFUSED, self.TOKEN, self.REFUSED)

    def test_a_broken_upload_is_not_sent_again(self):
        """What was stored already would stay under a name nobody knows."""
        self.assertRaises(
            errors.TransferError, self._upload, io.BytesIO(b'x' * LENGTH),
            loopback.hang_up, stored(), token=False)
        self.assertEqual(1, len(self.server.requests))


class DownloadTest(testtools.TestCase):

    def _download(self, *behaviours, path='/img/i1/0100', **options):
        self.server = self.useFixture(loopback.Loopback(*behaviours))
        connector = self.server.connector(**options)
        self.seen = []
        connector.on_request = lambda *seen: self.seen.append(seen)
        with connector.files.download(path) as pieces:
            return [len(piece) for piece in pieces]

    def test_download(self):
        lengths = self._download(loopback.raw(
            loopback.head(content_type='application/octet-stream') +
            b'x' * LENGTH))
        self.assertEqual(LENGTH, sum(lengths))
        self.assertTrue(max(lengths) <= 1024 * 1024)
        request = self.server.requests[0]
        self.assertEqual(('POST', '/files'), (request.method, request.path))
        self.assertEqual(b'{"source_file": "/img/i1/0100"}', request.body)
        self.assertEqual([('files.download', 'POST', '/files', 31, LENGTH)],
                         [seen[:5] for seen in self.seen])

    def test_refused_token_is_renewed(self):
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 't')
        with open(path, 'w', encoding='ascii') as token_file:
            token_file.write('admin')
        token = loopback.raw(b'HTTP/1.1 200 OK\r\nX-Auth-Token: t\r\n'
                             b'Connection: close\r\n'
                             b'Content-Length: 0\r\n\r\n')
        refused = loopback.answer(status=401, overallRC=400, rc=400, rs=401)
        self.assertEqual([3], self._download(
            token, refused, token, loopback.raw(loopback.head() + b'abc'),
            token_file=path))

    def test_missing_file(self):
        error = self.assertRaises(
            errors.ConnectorError, self._download,
            loopback.answer(status=500, overallRC=300, rc=300, rs=2,
                            modID=60, errmsg='The specific file does not '
                                             'exist'))
        self.assertEqual((500, 300, 300, 2),
                         (error.status, error.overall_rc, error.rc, error.rs))

    def test_an_error_that_breaks_off(self):
        self.assertRaises(errors.Unreachable, self._download, loopback.raw(
            loopback.head(status=500, length=100) + b'x'))

    def test_connection_breaks(self):
        self.assertRaises(errors.Unreachable, self._download, loopback.raw(
            loopback.head(length=100) + b'x' * 99))

    def test_no_more_pieces_come(self):
        def stall(server, connection):
            server.read(connection)
            connection.sendall(loopback.head(length=100) + b'x')
            server.wait()
        self.assertRaises(errors.Unreachable, self._download, stall,
                          timeout_scale=0.0002)

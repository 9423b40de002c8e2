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

"""The certificate that the connector's web server shows."""

import os.path
import socket
import ssl
import typing
from urllib import parse


def expiry(url: str, authorities: str | bool, timeout: float) -> float | None:
    """Return when the certificate expires, None for a URL without TLS.

    In seconds since the epoch. requests does not hand the certificate out, so
    this is a connection of its own.

    :param authorities: a file or a directory of CA certificates; True for
        those that OpenSSL finds itself
    :raises OSError: if no verified connection can be made
    """
    parts = parse.urlsplit(url)
    if parts.scheme != 'https':
        return None
    with socket.create_connection(
            (parts.hostname or '', parts.port or 443), timeout) as plain:
        with _context(authorities).wrap_socket(
                plain, server_hostname=parts.hostname) as connection:
            certificate = connection.getpeercert() or {}
    return ssl.cert_time_to_seconds(
        typing.cast(str, certificate['notAfter']))


def _context(authorities: str | bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not isinstance(authorities, str):
        context.load_default_certs()
    elif os.path.isdir(authorities):
        context.load_verify_locations(capath=authorities)
    else:
        context.load_verify_locations(cafile=authorities)
    return context

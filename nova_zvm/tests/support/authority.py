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

"""A certificate authority of a test's own."""

import datetime
import ipaddress
import pathlib

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization
from cryptography import x509

_DAY = datetime.timedelta(days=1)
_CA_USAGE = x509.KeyUsage(
    key_cert_sign=True, crl_sign=True, digital_signature=False,
    content_commitment=False, key_encipherment=False,
    data_encipherment=False, key_agreement=False, encipher_only=False,
    decipher_only=False)


class Authority:
    """A CA whose files are in one directory.

    :ivar ca_file: its own certificate
    """

    def __init__(self, directory, name='ca'):
        self._directory = pathlib.Path(directory)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        certificate = self._sign(
            self._name, self._key,
            x509.BasicConstraints(ca=True, path_length=None), _CA_USAGE)
        self.ca_file = self._write(name + '.pem', _pem(certificate))

    def issue(self, *hosts, days=1):
        """Return the files of a certificate for hosts and of its key.

        :param hosts: IP addresses or names
        :param days: how long the certificate is valid
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(
            _name('server'), key,
            x509.SubjectAlternativeName([_general_name(host)
                                         for host in hosts]), days=days)
        return (self._write('server.pem', _pem(certificate)),
                self._write('server.key', key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption())))

    def _sign(self, subject, key, *extensions, days=1):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY).not_valid_after(now + days * _DAY))
        # Python verifies strictly by RFC 5280 since 3.13: that wants the
        # two identifiers, and what makes a CA to be critical.
        for extension in extensions:
            builder = builder.add_extension(
                extension, critical=not isinstance(
                    extension, x509.SubjectAlternativeName))
        for identifier in (
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    self._key.public_key())):
            builder = builder.add_extension(identifier, critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def _write(self, name, data):
        path = self._directory / name
        path.write_bytes(data)
        path.chmod(0o600)
        return str(path)


def _name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _general_name(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)

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

"""The connector itself: there, known, trusted, and of our time."""

import datetime
import io
import ipaddress
from urllib import parse

from nova_zvm.checks import deployment as deployments
from nova_zvm.checks import finding
from nova_zvm.connector import errors
from nova_zvm.zvm import imageheader

# Beyond it the age of images is wrong by so much that it matters beside the
# shortest useful age, and the logs of the two hosts do not match.
SKEW_SECONDS = 300
# With less than this a certificate should be renewed.
GOOD_DAYS = 30
DAY_SECONDS = 24 * 60 * 60
# A token that is good for less ends between one request and the next.
VALIDITY_SECONDS = 60


def connection(deployment: deployments.Deployment) -> finding.Finding:
    """Tell whether the connector answers; a refused token is an answer."""
    url = deployment.settings.cloud_connector_url
    error = deployment.contact
    if deployment.lacks_token:
        deployment.need_connector()
    if isinstance(error, errors.TlsError):
        return finding.failure(
            finding.sentence(error),
            'Let [zvm] cloud_connector_url name a port that serves https and '
            'the host that its certificate is made for, and [zvm] ca_file '
            'the CA of that certificate; renew a certificate that has '
            'expired.')
    if isinstance(error, errors.Unreachable):
        return finding.failure(
            finding.sentence(error),
            'See that the connector runs, that this host can connect to it, '
            'and that [zvm] cloud_connector_url is its URL: %s.' % url)
    if error and error.status == 500:
        return finding.failure(finding.sentence(error), _why_500(error))
    if error and not isinstance(error, errors.Unauthorized):
        return finding.failure(
            finding.sentence(error),
            'See that [zvm] cloud_connector_url is the URL of a z/VM Cloud '
            'Connector: %s.' % url)
    if parse.urlsplit(url).scheme == 'http' and not _is_loopback(url):
        return finding.warning(
            'The connector answers at %s, without TLS: tokens, passwords and '
            'user data can be read on the way.' % url,
            'Serve the connector by https and change [zvm] '
            'cloud_connector_url.')
    return finding.success('The connector answers at %s%s.' % (
        url, ', its certificate is verified'
        if url.startswith('https') else ''))


def _why_500(error: errors.ConnectorError) -> str:
    """Return the remedy for a connector that fails itself.

    1.6.3 with a newer PyJWT, of which pip installs the newest, answers so to
    who wants a token (zvmsdk/sdkwsgi/handlers/tokens.py).
    """
    remedy = ("The reason is in the log of the connector's web side, or of "
              'the web server in front of it.')
    if error.operation.name == 'token':
        remedy += (' Release 1.6.3 makes tokens with a PyJWT older than 2 '
                   'only: see which one its Python has.')
    return remedy


def _is_loopback(url: str) -> bool:
    host = parse.urlsplit(url).hostname or ''
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == 'localhost'


def certificate(deployment: deployments.Deployment) -> finding.Finding:
    """Tell when the certificate expires: from then on each request fails."""
    expiry = deployment.connector.certificate_expiry()
    if expiry is None:
        raise finding.NotChecked('the connector is asked without TLS')
    days = int((expiry - deployment.clock.time()) // DAY_SECONDS)
    told = "The connector's certificate expires on %s, in %d days." % (
        datetime.datetime.fromtimestamp(expiry, datetime.UTC).date(), days)
    if days < GOOD_DAYS:
        return finding.warning(
            told, 'Renew it before: with a certificate that has expired each '
            'request fails.')
    return finding.success(told)


def token(deployment: deployments.Deployment) -> finding.Finding:
    if isinstance(deployment.contact, errors.Unauthorized):
        return finding.failure(
            finding.sentence(deployment.contact),
            "Let [zvm] token_file name a copy of the connector's own token "
            "file ([wsgi] token_path in zvmsdk.conf) that nova's user can "
            'read.')
    deployment.need_connector()
    token_file = deployment.settings.token_file
    return finding.success(
        'The connector accepts the token of %s.' % token_file
        if token_file else 'The connector asks for no token.')


def version(deployment: deployments.Deployment) -> finding.Finding:
    found = deployment.connector.version()
    if found.older:
        return finding.failure(
            'The connector is release %s, older than 1.6.3.' % found.version,
            'Install release 1.6.3 of the z/VM Cloud Connector.')
    if found.newer:
        return finding.warning(
            'The connector is release %s, which this driver is not tested '
            'with.' % found.version,
            'Try it out before servers matter; release 1.6.3 is tested.')
    return finding.success('The connector is release %s.' % found.version)


def clock(deployment: deployments.Deployment) -> finding.Finding:
    """Compare the clocks, and when our token ends.

    The connector alone judges a token, by its own clock; a difference
    between the two clocks matters for what else it tells times of.
    """
    connector = deployment.connector
    offset = connector.clock_offset()
    expiry = connector.token_expiry()
    left = (None if expiry is None else
            expiry - deployment.clock.time() - (offset or 0))
    if offset is not None and abs(offset) > SKEW_SECONDS:
        return finding.warning(
            "The connector's clock is %d seconds %s this host's. The first "
            'one sets when an image was used last, the other judges it.'
            % (abs(offset), 'ahead of' if offset > 0 else 'behind'),
            'Have both synchronised, by chrony for example.')
    if left is not None and left < VALIDITY_SECONDS:
        return finding.warning(
            "A new token ends %s by the connector's clock, so that nearly "
            'every request needs another.' % (
                'in %d seconds' % left if left >= 0 else
                '%d seconds ago' % -left),
            'Raise [wsgi] token_validation_period in zvmsdk.conf, and have '
            'both clocks synchronised.')
    return finding.success(' '.join([
        "The connector's web server does not tell its time."
        if offset is None else
        "The connector's clock is as this host's, to %d seconds." % (
            abs(offset)),
        *(['A new token is good for %d minutes.' % round(left / 60)]
          if left is not None else [])]))


def file_round_trip(deployment: deployments.Deployment) -> finding.Finding:
    """Send a file and fetch it back. It stays, so this has to be wanted."""
    if not deployment.file_round_trip:
        raise finding.NotChecked(
            'made only with --file-round-trip, since 512 bytes stay there')
    data = imageheader.Header(1, 'CYL').pack()
    files = deployment.connector.files
    try:
        stored = files.upload(io.BytesIO(data), len(data))
        with files.download(parse.urlsplit(stored.url).path) as pieces:
            fetched = b''.join(pieces)
    except errors.ConnectorError as exc:
        return _transfer_failed(finding.sentence(exc))
    if fetched != data:
        return _transfer_failed(
            'Of a file of %d bytes that was sent, %d bytes that differ came '
            'back.' % (len(data), len(fetched)))
    return finding.success('%d bytes went to the connector and came back.'
                           % len(data))


def _transfer_failed(details: str) -> finding.Finding:
    return finding.failure(
        details, 'See that [file] file_repository in zvmsdk.conf is a '
        "directory that the connector can write to, with room, and that "
        'nothing between here and there changes or limits bodies.')

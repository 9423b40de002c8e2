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

"""The connector's URL: what is accepted, and what is wrong with the rest."""

from urllib import parse

from nova_zvm.connector import errors


def checked(url: str) -> str:
    """Return the URL without a trailing slash.

    :raises InvalidUrl: with a sentence that says what is wrong. It repeats
        no URL that holds a password.
    """
    try:
        parts = parse.urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise errors.InvalidUrl(
            "The URL of the z/VM Cloud Connector is not valid: %s; expected "
            "http(s)://host[:port][/path]." % exc) from None
    if '@' in parts.netloc:
        raise errors.InvalidUrl(
            "The URL of the z/VM Cloud Connector must not hold a user name "
            "or password; the connector takes a token file instead.")
    wrong = _what_is_wrong(url, parts, port)
    if wrong:
        raise errors.InvalidUrl(
            "The URL of the z/VM Cloud Connector '%s' %s; expected "
            "http(s)://host[:port][/path]." % (url, wrong))
    return parse.urlunsplit(
        (parts.scheme, parts.netloc, parts.path.rstrip('/'), '', ''))


def _what_is_wrong(url: str, parts: parse.SplitResult,
                   port: int | None) -> str | None:
    if not url.isprintable() or ' ' in url:
        return 'holds a space or a control character'
    if parts.scheme not in ('http', 'https'):
        return 'does not start with http:// or https://'
    if not parts.hostname:
        return 'names no host'
    if port == 0:
        return 'has the port 0'
    if '?' in url:
        return 'has a query'
    if '#' in url:
        return 'has a fragment'
    return None

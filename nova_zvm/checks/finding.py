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

"""What a check has found, and what is to be done about it."""

from collections import abc
import dataclasses

from oslo_upgradecheck import upgradecheck

Code = upgradecheck.Code

# What a finding names of many.
FEW = 5


@dataclasses.dataclass(frozen=True)
class Finding:
    """The outcome of one check, in sentences for the operator.

    :ivar made: whether the check was made; if not, details is the reason
    """

    code: upgradecheck.Code
    details: str
    remedy: str = ''
    made: bool = True

    @property
    def result(self) -> str:
        return self.code.name.lower() if self.made else 'not checked'


class NotChecked(Exception):
    """A check could not be made; the text says why.

    Either it was not asked for, or another finding has what is wrong.
    """

    @property
    def finding(self) -> Finding:
        return Finding(Code.SUCCESS, str(self), made=False)


def success(details: str) -> Finding:
    return Finding(Code.SUCCESS, details)


def warning(details: str, remedy: str) -> Finding:
    return Finding(Code.WARNING, details, remedy)


def failure(details: str, remedy: str) -> Finding:
    return Finding(Code.FAILURE, details, remedy)


def together(findings: abc.Sequence[Finding]) -> Finding:
    """Return several findings as one, which is as bad as the worst."""
    return Finding(
        max(finding.code for finding in findings),
        ' '.join(finding.details for finding in findings),
        ' '.join(dict.fromkeys(finding.remedy for finding in findings
                               if finding.remedy)))


def sentence(error: Exception) -> str:
    """Return what an error says, to stand as a sentence."""
    return str(error).rstrip('.') + '.'


def some(names: abc.Iterable[str]) -> str:
    """Return how many there are and the first few of them."""
    names = sorted(names)
    told = ', '.join(names[:FEW])
    return '%d: %s%s' % (len(names), told,
                         ', ...' if len(names) > FEW else '')

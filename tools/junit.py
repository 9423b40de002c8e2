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

"""Write the results of stestr's last run as JUnit XML to a file.

Run in the environment of the tests: junit.py FILE.
"""

import sys
from xml.etree import ElementTree

import lastrun

ELEMENTS = {'fail': 'failure', 'uxsuccess': 'failure', 'skip': 'skipped'}


def main(path):
    suite = ElementTree.Element('testsuite', name='stestr')
    for test in lastrun.tests().values():
        add(suite, test)
    for attribute, tag in (('tests', 'testcase'), ('failures', 'failure'),
                           ('skipped', 'skipped')):
        suite.set(attribute, str(len(list(suite.iter(tag)))))
    ElementTree.ElementTree(suite).write(
        path, encoding='utf-8', xml_declaration=True)


def add(suite, test):
    cls, _, name = test['id'].rpartition('.')
    case = ElementTree.SubElement(suite, 'testcase', classname=cls, name=name,
                                  time='%.3f' % test['seconds'])
    if test['status'] in ELEMENTS:
        ElementTree.SubElement(case, ELEMENTS[test['status']]).text = (
            '\n'.join(printable(detail.as_text())
                      for name, detail in sorted(test['details'].items())
                      if detail.content_type.type == 'text'))


def printable(text):
    """Leave out the control characters that XML has no way to write."""
    return ''.join(character for character in text
                   if character >= ' ' or character in '\t\n\r')


if __name__ == '__main__':
    main(sys.argv[1])

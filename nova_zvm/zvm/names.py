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

"""Names that z/VM and the connector know things by.

A userid is made from an instance's name once and then read from the
instance's record, so everything here goes forward only.
"""

from collections import abc
import itertools
import re

# REST schema of the connector: one to eight letters and digits.
USERID = re.compile(r'[A-Za-z0-9]{1,8}')

# A NIC takes three consecutive device numbers (read, write, data).
FIRST_NIC_VDEV = 0x1000
NIC_VDEVS = 3

# The default of the connector's option user_root_vdev. It numbers the other
# minidisks from there, in their order.
ROOT_VDEV = 0x100

# Everything that the driver puts into the connector's image repository
# starts with this prefix; what does not is never touched.
OWN_PREFIX = 'nova-'
BLANK_IMAGE = OWN_PREFIX + 'blank'


def userid(instance_name: str) -> str:
    """Return the userid for an instance name; ValueError if it has none."""
    if not USERID.fullmatch(instance_name):
        raise ValueError(
            "'%s' cannot be a z/VM userid: it needs one to eight letters "
            "and digits" % instance_name)
    return instance_name.upper()


def nic_vdev(position: int) -> str:
    """Return the virtual device number of the position-th NIC, from 0."""
    return '%04X' % (FIRST_NIC_VDEV + position * NIC_VDEVS)


def free_nic_vdev(used: abc.Set[int]) -> str:
    """Return the first device number that a further NIC can have.

    :param used: device numbers that are taken, as integers
    """
    position = 0
    while used & set(nic_numbers(nic_vdev(position))):
        position += 1
    return nic_vdev(position)


def nic_numbers(vdev: str) -> range:
    """Return the device numbers, as integers, of a NIC."""
    return range(int(vdev, 16), int(vdev, 16) + NIC_VDEVS)


def disk_vdev(position: int) -> str:
    """Return the virtual device number of the position-th disk, from 0."""
    return '%04X' % (ROOT_VDEV + position)


def image(image_id: str) -> str:
    """Return the name under which the connector keeps a Glance image."""
    return OWN_PREFIX + image_id


def config_drive(instance_uuid: str) -> str:
    """Return the name under which a config drive passes the connector."""
    return OWN_PREFIX + 'cfg-' + instance_uuid


def capture(instance_uuid: str) -> str:
    """Return the name of the image that is captured of an instance."""
    return OWN_PREFIX + 'cap-' + instance_uuid


def ages(image_name: str) -> bool:
    """Tell whether an image on the connector may be deleted when unused."""
    return (image_name.startswith(OWN_PREFIX) and
            image_name != BLANK_IMAGE)


def template_capacity(template: str) -> int:
    """Return the greatest instance id that a name template has room for.

    -1 when not even instance 0 gets a usable userid. Names only grow with
    the id, so the border is found by bisection.
    """
    if not _fits(template, 0):
        return -1
    good, bad = 0, 2 ** 31
    if _fits(template, bad - 1):
        # A template without the id gives every instance the same name.
        return 0 if template_name(template, 0) == template_name(
            template, 1) else bad - 1
    while bad - good > 1:
        middle = (good + bad) // 2
        if _fits(template, middle):
            good = middle
        else:
            bad = middle
    return good


def template_name(template: str, instance_id: int) -> str:
    """Return the name that nova makes of a template, as Instance.name.

    nova fills in the id, or, when the template asks for names, the
    instance's fields; a template that only a field other than the id can
    fill is not usable for userids and raises.
    """
    try:
        return template % instance_id
    except TypeError:
        return template % {'id': instance_id}


def template_id(template: str, userid_made: str) -> int | None:
    """Return the instance id whose name makes a userid, None if none does.

    The id is somewhere in the userid, in one of the bases that a template
    can write it in.
    """
    for start, end in itertools.combinations(range(len(userid_made) + 1), 2):
        for base in (10, 16, 8):
            try:
                instance_id = int(userid_made[start:end], base)
                if userid(template_name(
                        template, instance_id)) == userid_made:
                    return instance_id
            except ValueError:
                continue
    return None


def _fits(template: str, instance_id: int) -> bool:
    try:
        userid(template_name(template, instance_id))
    except (ValueError, TypeError, KeyError):
        return False
    return True

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

"""What the driver keeps on the connector for a time, and might be left."""

from collections import abc

from nova_zvm.checks import deployment as deployments
from nova_zvm.checks import finding
from nova_zvm.image import ageing
from nova_zvm.record import ownership
from nova_zvm.record import pending
from nova_zvm.transfer import journal
from nova_zvm.zvm import names

# What lies there for the time of a boot or a snapshot.
PASSING = (names.config_drive(''), names.capture(''))


def unused_images(deployment: deployments.Deployment) -> finding.Finding:
    """Find images that ageing should have removed by now."""
    options = deployment.conf.image_cache
    used = ageing.names_of(deployment.claims.values())
    age = (options.remove_unused_original_minimum_age_seconds +
           max(options.manager_interval, 0))
    kept = [image for image in deployment.connector.images.list()
            if names.ages(image.name) and
            not image.name.startswith(PASSING)]
    old = [image for image in kept if image.name not in used and
           deployment.clock.time() - image.last_access_time >= age]
    if not options.remove_unused_base_images:
        return finding.success(
            '%s on the connector, of which no server uses %d; they stay, '
            'since [image_cache] remove_unused_base_images is false.'
            % (_images(kept), len(old)))
    if not old:
        return finding.success('%s on the connector, none of them unused '
                               'for longer than it may.' % _images(kept))
    return finding.warning(
        'Images on the connector are unused for longer than [image_cache] '
        'allows, %s; %d bytes.' % (
            finding.some(image.name for image in old),
            sum(image.size_bytes for image in old)),
        'nova-compute deletes them in its periodic task: see that it runs '
        '([image_cache] manager_interval), and what its log says of them.')


def passing_images(deployment: deployments.Deployment) -> finding.Finding:
    """Find config drives and captures whose boot or snapshot is over."""
    busy = {name for instance in deployment.claims.values()
            if instance.task_state or any(
                part.unfinished(pending.Capture)
                for part in ownership.parts_of(instance))
            for name in (names.config_drive(instance.uuid),
                         names.capture(instance.uuid))}
    left = [image.name for image in deployment.connector.images.list()
            if image.name.startswith(PASSING) and image.name not in busy]
    if not left:
        return finding.success('No config drive or captured image is left.')
    return finding.warning(
        'Config drives, which hold secrets, or captured images are left on '
        'the connector, %s.' % finding.some(left),
        'Delete them through the connector, by DELETE /images/NAME, unless a '
        'server of another cell is just being booted or captured.')


def uploads(deployment: deployments.Deployment) -> finding.Finding:
    """Find files on record that have not been overwritten."""
    records = journal.Journal(deployment.settings.image_tmp_path)
    if not records.readable():
        return finding.warning(
            'This user may not read what is below [zvm] image_tmp_path.',
            "Run the command as nova's user.")
    counts = {'images': len(records.left())}
    try:
        counts['config drives'] = len([
            instance for instance in deployment.uploading
            if not instance.task_state])
    except finding.NotChecked:
        if not counts['images']:
            raise
    if not any(counts.values()):
        return finding.success('No upload is left.')
    return finding.warning(
        'Some uploads have not been overwritten yet, %s.' % ' and '.join(
            '%d of %s' % (count, what) for what, count in counts.items()),
        'nova-compute overwrites them at its start and in its periodic task, '
        'once the connector is there; an image that is being imported just '
        'now is no more than that.')


def _images(images: abc.Sized) -> str:
    return '1 image is' if len(images) == 1 else '%d images are' % len(images)

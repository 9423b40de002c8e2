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

"""nova's API on a loopback port, and beside it what else a client reads.

The `openstack` command asks Glance for the names of images when it shows
servers, and Neutron for ports by their names, so the in-memory images can be
read under /image, networks and ports under /network. Placement is under
/placement.
"""

import json
import logging
import socketserver
import threading
from wsgiref import simple_server
from wsgiref import util

LOG = logging.getLogger(__name__)

USER = 'admin'
NOT_FOUND = {'NeutronError': 'no such resource'}


class Endpoint:
    """One HTTP server for all, without authentication."""

    def __init__(self, nova, placement, project, images, network):
        """Serve two WSGI applications, and what functions list.

        All requests are of one project.

        :param images: returns the images
        :param network: functions that return networks and ports, by the
            names of these collections
        """
        self._nova = nova
        self._placement = placement
        self._project = project
        self._images = images
        self._network = network
        self._server = simple_server.make_server(
            '127.0.0.1', 0, self._route, _Server, _Handler)
        root = f'http://127.0.0.1:{self._server.server_port}'
        self.compute_url = f'{root}/v2.1'
        self.image_url = f'{root}/image'
        self.network_url = f'{root}/network'
        self.placement_url = f'{root}/placement'

    def start(self):
        threading.Thread(target=self._server.serve_forever, args=(0.05,),
                         name='api', daemon=True).start()

    def _route(self, environ, start_response):
        path = environ['PATH_INFO']
        if path == '/image' or path.startswith('/image/'):
            return self._serve_image(path.split('/')[2:], start_response)
        if path == '/network' or path.startswith('/network/'):
            return self._serve_network(path.split('/')[2:], start_response)
        if path.startswith('/placement'):
            # What its own middleware for tests takes for an administrator.
            environ['HTTP_X_AUTH_TOKEN'] = USER
            util.shift_path_info(environ)
            return self._placement(environ, start_response)
        # What nova's fixtures read in place of keystonemiddleware.
        environ.update(HTTP_X_AUTH_USER=USER, HTTP_X_USER_ID=USER,
                       HTTP_X_AUTH_PROJECT_ID=self._project,
                       HTTP_X_ROLES='reader,member,admin')
        return self._nova(environ, start_response)

    def _serve_image(self, path, start_response):
        images = {image['id']: image for image in map(_shown, self._images())}
        if path in ([], [''], ['v2'], ['v2', '']):
            status, body = '300 Multiple Choices', {'versions': [{
                'id': 'v2.9', 'status': 'CURRENT',
                'links': [{'rel': 'self', 'href': f'{self.image_url}/v2/'}]}]}
        elif path == ['v2', 'images']:
            status, body = '200 OK', {'images': list(images.values())}
        elif path[:2] == ['v2', 'images'] and path[-1] in images:
            status, body = '200 OK', images[path[-1]]
        else:
            status, body = '404 Not Found', {'message': 'no such image'}
        return _answer(status, body, start_response)

    def _serve_network(self, path, start_response):
        kind = path[1] if len(path) > 1 else None
        if path in ([], ['']):
            status, body = '200 OK', {'versions': [{
                'id': 'v2.0', 'status': 'CURRENT', 'links': [
                    {'rel': 'self', 'href': f'{self.network_url}/v2.0/'}]}]}
        elif kind in self._network:
            things = {thing['id']: thing for thing in self._network[kind]()}
            if path[2:] == []:
                status, body = '200 OK', {kind: list(things.values())}
            elif path[2] in things:
                status, body = '200 OK', {kind[:-1]: things[path[2]]}
            else:
                status, body = '404 Not Found', NOT_FOUND
        else:
            status, body = '404 Not Found', NOT_FOUND
        return _answer(status, body, start_response)


def _answer(status, body, start_response):
    content = json.dumps(body).encode()
    start_response(status, [('Content-Type', 'application/json'),
                            ('Content-Length', str(len(content)))])
    return [content]


def _shown(image):
    """Return an image as Glance's API shows it."""
    shown = {name: image[name] for name in (
        'id', 'name', 'status', 'size', 'disk_format', 'container_format',
        'min_disk', 'min_ram', 'visibility')}
    return {**shown, **image['properties']}


class _Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True


class _Handler(simple_server.WSGIRequestHandler):
    def log_message(self, format, *args):
        LOG.debug(format, *args)

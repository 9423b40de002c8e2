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

"""Run the unmodified z/VM Cloud Connector on the simulated z/VM.

This file is run by its path in the connector's own interpreter, so it is one
file and uses the standard library and the connector only. It replaces, in
memory, what the connector reaches below itself: commands, two files of its
Linux, the clock, and the directories that the connector has hard-coded. All
above them is the connector's own code. In front of it stands what a site has
in front of it too: a web server that logs the requests and can fail.

Standard input is the line to the parent: it carries requests, one a line,
and when it ends (the parent died, however that was) this process ends too.
"""

import builtins
import importlib
import io
import json
import os
import pathlib
import socket
import socketserver
import subprocess
import sys
import threading
import time
import types
import typing
import wsgiref.simple_server

# What the connector runs on files of its own, without sudo.
REAL_COMMANDS = frozenset(['cp', 'du', 'hexdump', 'mv'])
LINUX_FILES = ('/proc/sysinfo',
               '/sys/bus/ccw/drivers/vmur/0.0.000c/online')


class Channel:
    """Requests to the simulated z/VM, each on a connection of its own."""

    def __init__(self, path: str) -> None:
        self._directory = os.open(os.path.dirname(path), os.O_RDONLY)
        self._name = os.path.basename(path)

    def call(self, **request: typing.Any) -> dict[str, typing.Any]:
        """Send one request; ConnectionError when no answer comes back."""
        with socket.socket(socket.AF_UNIX) as connection:
            # The name of a unix socket has at most 108 bytes; the path of
            # the data directory may be longer.
            connection.connect(f'/proc/self/fd/{self._directory}/{self._name}')
            connection.sendall(json.dumps(request).encode() + b'\n')
            with connection.makefile('rb') as stream:
                answer = stream.read()
        if not answer:
            raise ConnectionResetError('The command was cut off.')
        return typing.cast(dict[str, typing.Any], json.loads(answer))


class Subprocess:
    """Stands where the connector's modules have `subprocess`."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> typing.Any:
        return getattr(subprocess, name)

    def check_output(self, args: typing.Any, **options: typing.Any) -> bytes:
        if runs_for_real(args):
            return bytes(subprocess.check_output(args, **options))
        timeout: typing.Any = options.get('timeout')
        answer = self._channel.call(op='execute', argv=args, timeout=timeout)
        output: bytes = answer['output'].encode('latin-1')
        if answer['expired']:
            raise subprocess.TimeoutExpired(args, timeout, output)
        if answer['status']:
            raise subprocess.CalledProcessError(
                answer['status'], args, output)
        return output


def runs_for_real(args: typing.Any) -> bool:
    """Tell a command on the connector's own files from one to z/VM."""
    if isinstance(args, str):
        # smtclient._get_disk_size_units_rhcos reads the image file.
        return args.startswith('fdisk -b 4096 -l ')
    return os.path.basename(args[0]) in REAL_COMMANDS


class Time:
    """Stands where the connector's modules have `time`.

    Both the waits and the deadlines are in simulated seconds: a deadline in
    real time would be far away for a poll that is accelerated.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> typing.Any:
        return getattr(time, name)

    def sleep(self, seconds: float) -> None:
        self._channel.call(op='sleep', seconds=seconds)

    def time(self) -> float:
        return float(self._channel.call(op='now')['now'])


def linux_open(channel: Channel) -> typing.Callable[..., typing.Any]:
    """Return an `open` that knows the files of the connector's Linux."""
    def open_(path: typing.Any, *args: typing.Any, **options: typing.Any
              ) -> typing.Any:
        if path not in LINUX_FILES:
            return builtins.open(path, *args, **options)
        content = channel.call(op='read', path=path)['content']
        if content is None:
            raise FileNotFoundError(f'No such file or directory: {path!r}')
        return io.StringIO(content)
    return open_


def redirect(function: typing.Any, paths: dict[str, str]) -> None:
    """Replace the paths that a function has among its constants."""
    code = function.__code__
    function.__code__ = code.replace(co_consts=tuple(
        paths.get(value, value) if isinstance(value, str) else value
        for value in code.co_consts))


def load_connector(settings: dict[str, str]) -> None:
    """Configure the connector before its modules copy the configuration."""
    config = importlib.import_module('zvmsdk.config')
    config.CONFOPTS.find_config_file = (
        lambda *args, **options: settings['config'])
    config.load_config()
    importlib.import_module('zvmsdk.log').setup_log()
    vars(importlib.import_module('zvmsdk.constants')).update(
        SDK_DATA_PATH=settings['data'] + '/',
        IUCV_AUTH_USERID_PATH=settings['data'] + '/iucv_authorized_userid')
    importlib.import_module('zvmsdk.sdkserver')
    importlib.import_module('zvmsdk.sdkwsgi.deploy')


def install_boundary(channel: Channel, settings: dict[str, str]) -> None:
    """Put the simulated z/VM under every module of the connector.

    With `programs`, a directory, commands are real processes, and the
    programs in it lead to the simulated z/VM.
    """
    stand_ins: dict[str, tuple[types.ModuleType, typing.Any]] = {
        'time': (time, Time(channel)),
    }
    if settings['programs']:
        os.environ['PATH'] = f'{settings["programs"]}:{os.environ["PATH"]}'
    else:
        stand_ins['subprocess'] = subprocess, Subprocess(channel)
    for name, module in list(sys.modules.items()):
        if name.split('.')[0] in ('zvmsdk', 'smtLayer'):
            for attribute, (real, stand_in) in stand_ins.items():
                if getattr(module, attribute, None) is real:
                    setattr(module, attribute, stand_in)
    for name in ('smtLayer.getHost', 'smtLayer.getVM'):
        vars(sys.modules[name])['open'] = linux_open(channel)
    redirect_paths(settings['temporary'])


def redirect_paths(temporary: str) -> None:
    """Keep the connector inside its own directory."""
    client = sys.modules['zvmsdk.smtclient']
    utils = sys.modules['zvmsdk.utils']
    # Only a system package puts this template in /var: the wheel has it
    # beside the code, a source checkout in data.
    root = pathlib.Path(utils.__file__ or '').parents[1]
    template = root / 'var/lib/zvmsdk/setupDisk'
    if not template.exists():
        template = root / 'data/setupDisk'
    redirect(client.SMTClient.guest_authorize_iucv_client,
             {'/tmp/': temporary + '/'})
    redirect(client.SMTClient.process_additional_minidisks,
             {'/var/lib/zvmsdk/setupDisk': str(template)})
    redirect(utils.PathUtils.get_guest_temp_path, {'/tmp': temporary})


class Work:
    """Counts what the connector is doing, so that its end can be awaited."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._active = 0

    def __enter__(self) -> None:
        with self._changed:
            self._active += 1

    def __exit__(self, *exc_info: object) -> None:
        with self._changed:
            self._active -= 1
            self._changed.notify_all()

    def start(self, task: typing.Callable[[], None]) -> None:
        """Run a task in a thread; it counts from now on."""
        def run() -> None:
            try:
                task()
            finally:
                self.__exit__()
        self.__enter__()
        threading.Thread(target=run, daemon=True).start()

    def wait_idle(self, timeout: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._active, timeout)


class Front:
    """Tells the simulator of each request and fails as it says."""

    def __init__(self, channel: Channel, application: typing.Any,
                 work: Work) -> None:
        self._channel = channel
        self._application = application
        self._work = work

    def __call__(self, environ: dict[str, typing.Any],
                 start_response: typing.Any) -> typing.Iterable[bytes]:
        request = self._channel.call(
            op='request', line=request_line(environ),
            size=int(environ.get('CONTENT_LENGTH') or 0))
        exchange = Exchange(self._channel, request['number'], start_response)
        fault = request['fault']
        if fault is None:
            return exchange.relay(self._application(environ, exchange.start))
        if fault['effect']:
            self._apply(environ)
        if fault['late'] is not None:
            self._apply_late(environ, fault['late'])
        if not fault['status']:
            return exchange.cut(environ['launcher.connection'])
        exchange.start(f'{fault["status"]} Fault',
                       [('Content-Type', content_type(fault['output']))])
        return exchange.relay([fault['output'].encode()])

    def _apply(self, environ: dict[str, typing.Any]) -> None:
        # What the connector answers does not leave this process.
        for _ in self._application(environ, lambda *answer: None):
            pass

    def _apply_late(self, environ: dict[str, typing.Any],
                    delay: float) -> None:
        # The connection that the body comes from ends with this request.
        body = environ['wsgi.input'].read(
            int(environ.get('CONTENT_LENGTH') or 0))
        environ = {**environ, 'wsgi.input': io.BytesIO(body)}

        def effect() -> None:
            self._channel.call(op='sleep', seconds=delay)
            self._apply(environ)
        self._work.start(effect)


class Exchange:
    """One answer on its way to the client."""

    def __init__(self, channel: Channel, number: int,
                 start_response: typing.Any) -> None:
        self._channel = channel
        self._number = number
        self._start_response = start_response
        self._status = 0

    def start(self, status: str, *options: typing.Any) -> typing.Any:
        self._status = int(status.split()[0])
        return self._start_response(status, *options)

    def relay(self, body: typing.Iterable[bytes]) -> typing.Iterator[bytes]:
        """Pass the body on; the simulator knows before the client does."""
        size, held = 0, b''
        for chunk in body:
            if held:
                yield held
            held = chunk
            size += len(chunk)
        self._channel.call(op='answer', number=self._number,
                           status=self._status, size=size)
        yield held

    def cut(self, connection: socket.socket) -> typing.Iterable[bytes]:
        """Let the client have no answer at all."""
        self._channel.call(op='answer', number=self._number, status=None,
                           size=0)
        connection.shutdown(socket.SHUT_RDWR)
        self._start_response('500 Cut off', [])
        return [b'']


def content_type(text: str) -> str:
    return 'application/json' if text.startswith('{') else 'text/html'


def request_line(environ: dict[str, typing.Any]) -> str:
    query = environ.get('QUERY_STRING')
    return (f'{environ["REQUEST_METHOD"]} {environ["PATH_INFO"]}'
            + (f'?{query}' if query else ''))


class RestHandler(wsgiref.simple_server.WSGIRequestHandler):

    def get_environ(self) -> dict[str, typing.Any]:
        environ: dict[str, typing.Any] = super().get_environ()
        return {**environ, 'launcher.connection': self.connection}

    def log_message(self, format: str, *args: typing.Any) -> None:
        # The connector logs its requests itself.
        pass


class RestServer(socketserver.ThreadingMixIn,
                 wsgiref.simple_server.WSGIServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, work: Work) -> None:
        self._work = work
        super().__init__((host, port), RestHandler)

    def server_bind(self) -> None:
        # HTTPServer asks the resolver for the name of the address.
        socketserver.TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = self.server_address[1]
        self.setup_environ()

    def process_request_thread(self, *args: typing.Any) -> None:
        with self._work:
            super().process_request_thread(*args)

    def handle_error(self, *args: typing.Any) -> None:
        # A client that gives up is not worth a traceback.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*args)


def start_sdkserver(work: Work) -> None:
    """Serve the connector's own port from a thread."""
    sdkserver = sys.modules['zvmsdk.sdkserver']

    class Server(sdkserver.SDKServer):  # type: ignore[name-defined]
        def serve_API(self, client: typing.Any, address: typing.Any) -> None:
            with work:
                super().serve_API(client, address)

    server = Server()
    server.setup()
    threading.Thread(target=server.run, daemon=True).start()


def start_rest_server(host: str, port: int, channel: Channel,
                      work: Work) -> None:
    """Serve the REST interface from threads."""
    deploy = sys.modules['zvmsdk.sdkwsgi.deploy']
    server = RestServer(host, port, work)
    server.set_app(Front(channel, deploy.init_application(), work))
    threading.Thread(target=server.serve_forever, daemon=True).start()


def forget_cached() -> None:
    """Drop what the connector remembers of z/VM outside its databases."""
    monitor = sys.modules['zvmsdk.monitor']
    hostops = sys.modules['zvmsdk.hostops']
    if monitor._MONITOR is not None:
        monitor._MONITOR._cache._reset(monitor.ZVMMonitor._TYPES)
    if hostops._HOSTOPS is not None:
        hostops._HOSTOPS.__init__()


def serve_parent(work: Work) -> None:
    """Answer the parent until it has gone."""
    print('ready', flush=True)
    for line in sys.stdin:
        verb, seconds = line.split()
        idle = work.wait_idle(float(seconds))
        if idle and verb == 'forget':
            forget_cached()
        print('idle' if idle else 'busy', flush=True)


def main(settings_path: str) -> None:
    settings = json.loads(pathlib.Path(settings_path).read_text())
    work = Work()
    channel = Channel(settings['channel'])
    load_connector(settings)
    install_boundary(channel, settings)
    start_sdkserver(work)
    start_rest_server(settings['rest_host'], int(settings['rest_port']),
                      channel, work)
    serve_parent(work)
    # Threads of the connector may be in the middle of a long wait.
    os._exit(0)


if __name__ == '__main__':
    main(sys.argv[1])

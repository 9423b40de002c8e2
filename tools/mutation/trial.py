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

"""A mutant before the tests, in a process of its own.

The process is forked from one that has nova in memory, since to import that
takes longer than most mutants live, and nothing of ours. A mutant is put
into its memory only, so that the files stay as they are.
"""

import gc
import importlib
import json
import os
import resource
import sys
import time
import types
import unittest

import mutants

# What most of the tests import, or nova when it is first used.
PRELOADED = ('nova.test', 'nova.api.metadata.base', 'nova.compute.manager',
             'nova.virt.driver', 'oslo_config.fixture', 'pycdlib',
             'requests_mock', 'oslo_messaging._drivers.impl_fake',
             'oslo_messaging._drivers.impl_rabbit')

# A mutant may loop for ever and fill the memory with it.
PATIENCE_SECONDS = 5
MEMORY_BYTES = 4 * 1024 ** 3


def preload(cache):
    """Load what all trials have in common.

    :param cache: a directory for compiled modules
    """
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(cache)
    # This settles how nova runs its threads, before anything else of nova.
    importlib.import_module('nova_zvm.tests.unit')
    for name in PRELOADED:
        importlib.import_module(name)
    gc.freeze()


class Trials:
    """The tests that concern a module, and which of its functions they call.

    :ivar pass_unchanged: whether the tests pass without a mutant
    """

    def __init__(self, name, path, source, tests):
        self._name = name
        self._path = path
        self._source = source
        self._tests = tests
        self.pass_unchanged, self._calls, self._seconds = self._learned()

    def start(self, mutant, line):
        """Begin a trial; return the process, which exits with 0 if it passes.

        :param line: that is changed; of a function, only tests that call it
            can fail
        """
        return _forked(self._face, mutant, self._concerned(line))

    def _concerned(self, line):
        function = mutants.function(self._source, line)
        return {test for test, called in self._calls.items()
                if function in called} or set(self._calls)

    def _learned(self):
        reading, writing = os.pipe()
        pid = _forked(self._learn, writing)
        os.close(writing)
        with open(reading) as report:
            told = report.read()
        _, status = os.waitpid(pid, 0)
        return [status == 0] + json.loads(told or '[{}, 0]')

    # In the process of a trial

    def _learn(self, pipe):
        calls, called, result = {}, set(), unittest.TestResult()
        self._install(mutants.telling(self._source), CALLED=called.add)
        for test in self._cases():
            called.clear()
            test.run(result)
            calls[test.id()] = list(called)
        with open(pipe, 'w') as report:
            json.dump([calls, time.process_time()], report)
        for test, trace in result.failures + result.errors:
            print(test.id(), trace, sep='\n', file=sys.stderr, flush=True)
        return bool(calls) and result.wasSuccessful()

    def _face(self, mutant, names):
        seconds = PATIENCE_SECONDS + int(self._seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        self._install(mutant)
        result = unittest.TestResult()
        for test in self._cases():
            if test.id() in names:
                test.run(result)
                if not result.wasSuccessful():
                    return False
        return True

    def _install(self, source, **names):
        """Let the tests find other source in the place of the module's."""
        package, _, leaf = self._name.rpartition('.')
        module = types.ModuleType(self._name)
        module.__file__ = str(self._path)
        module.__package__ = package
        module.__dict__.update(names)
        setattr(importlib.import_module(package), leaf, module)
        sys.modules[self._name] = module
        exec(compile(source, self._path, 'exec'), module.__dict__)

    def _cases(self):
        suites = list(unittest.defaultTestLoader.loadTestsFromNames(
            self._tests))
        while suites:
            test = suites.pop(0)
            if isinstance(test, unittest.TestSuite):
                suites[:0] = list(test)
            else:
                yield test


def _forked(work, *args):
    """Do some work in a process that exits with 0 if it returns true."""
    pid = os.fork()
    if not pid:
        good = False
        try:
            good = work(*args)
        finally:
            os._exit(0 if good else 1)
    return pid

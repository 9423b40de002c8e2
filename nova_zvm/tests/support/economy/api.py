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

"""A nova-api that is made of fewer parts, each made once."""

import fixtures
from nova.api.validation import validators
from nova.api import wsgi


class KeptAPI(fixtures.Fixture):
    """Let nova-api live as long as this process, as it does elsewhere.

    Its routes take as long to make as a boot. What its controllers have is
    without state: they find database, messages and the other services by what
    is global in nova, which each test sets.
    """

    _apps = {}

    def _setUp(self):
        load_app = wsgi.Loader.load_app

        def load(loader, name):
            key = loader.config_path, name
            if key not in self._apps:
                self._apps[key] = load_app(loader, name)
            return self._apps[key]

        self.useFixture(fixtures.MonkeyPatch(
            'nova.api.wsgi.Loader.load_app', load))


class Validators(fixtures.Fixture):
    """Make the validator of a schema of nova's API once.

    Each request makes it, though schemas do not change.
    """

    _made = {}

    def _setUp(self):
        init = validators._SchemaValidator.__init__

        def remember(validator, schema, *args, **options):
            key = id(schema), args, tuple(sorted(options.items()))
            if key not in self._made:
                init(validator, schema, *args, **options)
                # With the schema, so that its id stays its own.
                self._made[key] = schema, dict(vars(validator))
            vars(validator).update(self._made[key][1])

        self.useFixture(fixtures.MonkeyPatch(
            'nova.api.validation.validators._SchemaValidator.__init__',
            remember))


class NoDefaults(fixtures.Fixture):
    """Leave out what each test of nova gets and none of ours looks at.

    That is flavors, and a policy that the real one replaces at once.
    """

    def _setUp(self):
        for name in ('DefaultFlavorsFixture', 'PolicyFixture'):
            self.useFixture(fixtures.MonkeyPatch(
                'nova.tests.fixtures.' + name, fixtures.Fixture))

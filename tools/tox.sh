#!/usr/bin/env bash
# Run tox on this checkout, having made what that needs on a fresh machine
# (tools/prepare.sh). All arguments are tox's. PYTHON names another interpreter
# than python3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case " $* " in
    *" functional "*) bash tools/prepare.sh test browser >&2 ;;
    *) bash tools/prepare.sh test >&2 ;;
esac
unset PYTHON # stestr reads a variable of that name, too
exec .tox/tox/bin/tox "$@"

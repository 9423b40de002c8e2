#!/usr/bin/env bash
# Watch nova boot a server on a simulated z/VM, use it and delete it:
#
#     tools/sandbox.sh [--keep] [--help for more]
#
# The first run makes what is needed: Debian packages, tox, two virtual
# environments. The last line is 'sandbox: N steps, M failed'; the exit status
# is 1 if a step failed. PYTHON names another interpreter than python3.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

log=.tox/log/sandbox.log

# Run a command in a process group of its own, which a signal ends as a whole.
apart() {
    set -m
    "$@" </dev/null &
    group=$!
    set +m
    wait "$group"
}

interrupted() {
    trap '' INT TERM HUP
    kill -TERM -- "-$group" 2>/dev/null
    wait
    exit 130
}

set_up() {
    bash tools/tox.sh run --notest -e sandbox &&
        .tox/shared/bin/nova-zvm-simulator install-connector \
            --venv .tox/connector
}

mkdir -p .tox/log
[ -x .tox/shared/bin/openstack ] ||
    echo "The first run sets up, which takes some minutes (see $log) ..."
group=0
trap interrupted INT TERM HUP
if ! apart set_up >"$log" 2>&1; then
    tail -n 25 "$log"
    echo "The sandbox cannot be set up (whole output in $log)."
    echo "sandbox: 0 steps, 1 failed"
    exit 1
fi
trap - INT TERM HUP
export LC_ALL=C.UTF-8
export NOVA_ZVM_CONNECTOR_PYTHON=${NOVA_ZVM_CONNECTOR_PYTHON:-$PWD/.tox/connector/bin/python}
exec .tox/shared/bin/python tools/sandbox.py "$@"

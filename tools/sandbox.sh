#!/usr/bin/env bash
# Watch nova boot a server on a simulated z/VM, use it and delete it:
#
#     tools/sandbox.sh [--keep] [--help for more]
#
# The first run makes what is needed and says so: one or two Debian packages,
# and two virtual environments. The last line is 'sandbox: N steps, M failed';
# the exit status is 1 if a step failed. PYTHON names another interpreter than
# python3.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1

log=.tox/log/sandbox.log
nova=.tox/sandbox/venv
connector=.tox/connector
list=simulator/zvm_simulator/connector-requirements.txt

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

say() {
    echo "setting up: $*" >&3
}

# Make a virtual environment with what is named as tools/install.py takes it.
environment() {
    local venv=$1
    shift
    rm -rf "$venv"
    .tox/tox/bin/python -m venv --without-pip "$venv" &&
        .tox/tox/bin/python tools/install.py --python "$venv/bin/python" "$@"
}

# All that decides what is in the environment of nova.
made_of() {
    cat setup.cfg ./*requirements.txt simulator/setup.cfg \
        simulator/requirements.txt constraints.txt .tox/tox/made-of
    echo "$root"
}

make_nova() {
    made_of | cmp -s - "$nova/made-of" && return
    say "nova, this driver and what they need"
    environment "$nova" -c constraints.txt -r requirements.txt \
        -r test-requirements.txt -e ./simulator -e . && made_of >"$nova/made-of"
}

# With the mark that zvm-simulator install-connector leaves.
make_connector() {
    [ -x "$connector/bin/python" ] &&
        cmp -s "$list" "$connector/${list##*/}" && return
    say "the z/VM Cloud Connector"
    environment "$connector" -r "$list" && cp "$list" "$connector"
}

set_up() {
    local other
    cd "$root" && bash tools/prepare.sh sandbox >&3 || return
    make_connector &
    other=$!
    make_nova
    local status=$?
    wait "$other" && return "$status"
}

cannot_be_set_up() {
    echo "The sandbox cannot be set up ($*)."
    echo "sandbox: 0 steps, 1 failed"
    exit 1
}

{ mkdir -p "$root/${log%/*}" && : >"$root/$log"; } 2>/dev/null ||
    cannot_be_set_up "$root/$log cannot be written: let this user write to it"
group=0
trap interrupted INT TERM HUP
if ! apart set_up 3>&2 >"$root/$log" 2>&1; then
    tail -n 25 "$root/$log"
    cannot_be_set_up "whole output in $log"
fi
trap - INT TERM HUP
export LC_ALL=C.UTF-8
export NOVA_ZVM_CONNECTOR_PYTHON=${NOVA_ZVM_CONNECTOR_PYTHON:-$root/$connector/bin/python}
exec "$root/$nova/bin/python" "$root/tools/sandbox.py" "$@"

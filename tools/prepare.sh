#!/usr/bin/env bash
# Make what the other scripts here need on a fresh machine:
#
#     tools/prepare.sh PROFILE [OPTIONAL]
#
# tox, uv and bindep in a virtual environment of their own, .tox/tox, and the
# Debian packages that bindep.txt has for PROFILE. Those for OPTIONAL are tried
# once in a checkout; the tests that want one are skipped without. It prints
# what it makes, nothing where all is there. PYTHON names another interpreter
# than python3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

venv=.tox/tox
python=${PYTHON:-python3}

say() {
    echo "setting up: $*"
}

die() {
    echo "$*" >&2
    exit 1
}

# Run a command with its output in .tox/log/NAME, shown only when it fails.
quietly() {
    local log=.tox/log/$1
    shift
    "$@" >"$log" 2>&1 && return
    tail -n 25 "$log" >&2
    die "failed: $* (whole output in $log)"
}

# Debian starts the service of a package with its installation and at each
# boot. nginx, which tests start themselves, would then serve on port 80.
without_services() {
    local policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then
        "$@"
        return
    fi
    # Also when the command fails, which ends this script.
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    "$@"
    rm -f "$policy"
    trap - EXIT
}

install_packages() {
    [ "$#" -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] ||
        die "Missing Debian packages; run: sudo apt-get install $*"
    say "Debian packages $*"
    export DEBIAN_FRONTEND=noninteractive
    quietly apt-update.log apt-get update
    without_services quietly apt-install.log \
        apt-get install -y --no-install-recommends "$@"
    case " $* " in
        *" nginx "*) quietly service.log update-rc.d nginx disable ;;
    esac
}

# What is missing of a profile's packages. Its exit status says whether bindep
# itself failed: then it prints nothing and does not succeed either.
missing() {
    local names
    names=$("$venv/bin/bindep" --brief --file bindep.txt "$1") && return
    [ -n "$names" ] && echo "$names"
}

without_look() {
    echo "bindep failed; go on without a look for Debian packages" >&2
}

# A second run trusts the first, since bindep takes a second to look.
need_packages() {
    local names mark=$venv/packages-$1
    cmp -s bindep.txt "$mark" && return
    names=$(missing "$1") || { without_look; return 0; }
    # shellcheck disable=SC2086
    install_packages $names
    cp bindep.txt "$mark"
}

try_optional_packages() {
    local names mark=.tox/optional-packages
    [ ! -e "$mark" ] || return 0
    names=$(missing "$1") || { without_look; return 0; }
    echo "$names" >"$mark"
    [ -n "$names" ] || return 0
    # shellcheck disable=SC2086
    (install_packages $names) >/dev/null 2>&1 ||
        echo "Without the Debian package $names some tests will be skipped."
}

# A second run finds the same versions on the same Python and goes on.
install_tools() {
    local wanted
    wanted="$(grep -E '^(bindep|tox|uv)==' constraints.txt) $("$python" -VV)"
    [ "$(cat "$venv/made-of" 2>/dev/null)" = "$wanted" ] && return
    say "bindep, tox and uv"
    rm -rf "$venv"
    quietly tox-venv.log "$python" -m venv "$venv"
    # tools/install.py does without where there is no wheel of it.
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --only-binary uv -c constraints.txt uv >.tox/log/uv-install.log 2>&1 ||
        true
    quietly tox-install.log "$venv/bin/python" tools/install.py \
        --python "$venv/bin/python" -c constraints.txt bindep tox
    echo "$wanted" >"$venv/made-of"
}

mkdir -p .tox/log
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' ||
    die "Python 3.11, 3.12 or 3.13 is needed, and '$python' is not one; set PYTHON to its path."
if command -v dpkg-query >/dev/null; then
    # A Python of Debian's own makes no virtual environments without this.
    "$python" -c 'import ensurepip' 2>/dev/null ||
        install_packages python3-venv
    install_tools
    need_packages "$1"
    [ -z "${2:-}" ] || try_optional_packages "$2"
else
    install_tools
fi

#!/usr/bin/env bash
# Run tox on this checkout, having made what that needs on a fresh machine:
# the Debian packages of bindep.txt and tox in a virtual environment of its
# own under .tox/. All arguments are tox's. PYTHON names another interpreter.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
    echo "$*" >&2
    exit 1
}

# Run a command with its output in .tox/log/NAME, shown only when it fails.
quietly() {
    local log=.tox/log/$1
    shift
    mkdir -p .tox/log
    "$@" >"$log" 2>&1 && return
    tail -n 25 "$log" >&2
    die "failed: $* (whole output in $log)"
}

debian_packages() {
    sed -n 's/^\([a-z0-9.+-]*\) \[.*platform:dpkg.*/\1 &/p' bindep.txt
}

# The packages without which nothing goes, and those that may be missing.
needed_packages() {
    debian_packages | sed -n '/ browser]/!s/ .*//p'
}

optional_packages() {
    debian_packages | sed -n '/ browser]/s/ .*//p'
}

# Which of the named packages are not installed.
missing() {
    local name
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null |
            grep -q 'install ok installed' || echo "$name"
    done
}

missing_packages() {
    # shellcheck disable=SC2046
    missing $(needed_packages)
    # A Python of Debian's own makes no virtual environments without this.
    "$python" -c 'import ensurepip' 2>/dev/null || echo python3-venv
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
    local missing
    command -v dpkg-query >/dev/null || return 0
    missing=$(missing_packages | xargs)
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] ||
        die "Missing Debian packages; run: sudo apt-get install $missing"
    export DEBIAN_FRONTEND=noninteractive
    quietly apt-update.log apt-get update
    # shellcheck disable=SC2086
    without_services quietly apt-install.log \
        apt-get install -y --no-install-recommends $missing
    case " $missing " in
        *" nginx "*) quietly service.log update-rc.d nginx disable ;;
    esac
}

try_to_install() {
    [ "$(id -u)" = 0 ] && apt-get update &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y \
            --no-install-recommends "$@"
}

# Once in a checkout, and whatever comes of it: the tests that want such a
# package are skipped without.
try_optional_packages() {
    local missing mark=.tox/optional-packages log=.tox/log/apt-optional.log
    command -v dpkg-query >/dev/null && [ ! -e "$mark" ] || return 0
    # shellcheck disable=SC2046
    missing=$(missing $(optional_packages) | xargs)
    mkdir -p .tox/log
    echo "$missing" >"$mark"
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086
    try_to_install $missing >"$log" 2>&1 && return
    echo "Without the Debian package $missing some tests will be skipped." >&2
}

# A second run finds tox of the same version on the same Python and goes on.
install_tox() {
    local venv=.tox/tox wanted
    wanted="$(grep '^tox==' constraints.txt) $("$python" -VV)"
    [ "$(cat "$venv/made-of" 2>/dev/null)" = "$wanted" ] && return
    rm -rf "$venv"
    quietly tox-venv.log "$python" -m venv "$venv"
    quietly tox-install.log "$venv/bin/python" -m pip install --quiet \
        --disable-pip-version-check -c constraints.txt tox
    # tools/install.py does without where there is no wheel of it.
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --only-binary uv -c constraints.txt uv >.tox/log/uv-install.log 2>&1 ||
        true
    echo "$wanted" >"$venv/made-of"
}

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' ||
    die "Python 3.11, 3.12 or 3.13 is needed, and '$python' is not one; set PYTHON to its path."
unset PYTHON # stestr reads a variable of that name, too
install_packages
case " $* " in *" functional "*) try_optional_packages ;; esac
install_tox
exec .tox/tox/bin/tox "$@"

#!/bin/bash
#
# DevStack's functions as far as the plugin calls them. Those for ini files
# work, and so do those for lists of services; the others write down what they
# were called with, into ROOT/calls.
#
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

function record {
    printf '%q ' "$@" >> "$ROOT/calls"
    echo >> "$ROOT/calls"
}

# Services
# --------

function is_service_enabled {
    local service
    for service in "$@"; do
        case $service in
            nova) service='n-[a-z-]*' ;;
            *) ;;
        esac
        if [[ ",$ENABLED_SERVICES," =~ ,$service, ]]; then
            return 0
        fi
    done
    return 1
}

function enable_service {
    local service
    for service in "$@"; do
        if [[ ",$DISABLED_SERVICES," != *",$service,"* ]]; then
            is_service_enabled "$service" || ENABLED_SERVICES+=,$service
        fi
    done
}

function disable_service {
    local service list
    for service in "$@"; do
        DISABLED_SERVICES+=,$service
        list=,$ENABLED_SERVICES,
        list=${list//,$service,/,}
        list=${list#,}
        ENABLED_SERVICES=${list%,}
    done
}

function enable_plugin {
    record enable_plugin "$@"
}

# Ini files
# ---------

# Read a file: INI_LINES has its lines, INI_HEAD the number of a section's
# head, INI_FOUND those of the lines with an option in that section.
function scan_ini {
    local section=$2 option=$3 number line inside=
    INI_LINES=()
    INI_HEAD=
    INI_FOUND=()
    if [[ -e "$1" ]]; then
        mapfile -t INI_LINES < "$1"
    fi
    for number in "${!INI_LINES[@]}"; do
        line=${INI_LINES[number]}
        if [[ "$line" == "[$section]"* ]]; then
            inside=yes
            INI_HEAD=$number
        elif [[ "$line" == '['* ]]; then
            inside=
        elif [[ "$inside" && "$line" =~ ^"$option"[[:blank:]]*= ]]; then
            INI_FOUND+=("$number")
        fi
    done
}

# As DevStack's own, these three are not traced.

function iniget {
    local - number lines=
    set +o xtrace
    scan_ini "$@"
    for number in "${INI_FOUND[@]}"; do
        lines+=" ${INI_LINES[number]}"
    done
    # Blanks at both ends go.
    # shellcheck disable=SC2086
    echo ${lines#*=}
}

function iniset {
    local - number line option=$3 value=$4
    set +o xtrace
    scan_ini "$@"
    if [[ -z "$INI_HEAD" ]]; then
        printf '\n[%s]\n%s = %s\n' "$2" "$option" "$value" >> "$1"
        return
    fi
    for number in "${INI_FOUND[@]}"; do
        line=${INI_LINES[number]}
        [[ "$line" =~ ^"$option"[[:blank:]]*=[[:blank:]]* ]]
        # DevStack replaces it with sed, to which & is what there was.
        INI_LINES[number]=${BASH_REMATCH[0]}${value//&/"$line"}
    done
    if [[ ${#INI_FOUND[@]} -eq 0 ]]; then
        INI_LINES[INI_HEAD]+=$'\n'"$option = $value"
    fi
    printf '%s\n' "${INI_LINES[@]}" > "$1"
}

function inidelete {
    local - number
    set +o xtrace
    [[ -e "$1" ]] || return 2
    scan_ini "$@"
    for number in "${INI_FOUND[@]}"; do
        unset "INI_LINES[number]"
    done
    printf '%s\n' "${INI_LINES[@]}" > "$1"
}

# What is written down
# --------------------

function die {
    record die "${@:2}"
    echo "[ERROR] ${*:2}" >&2
    exit 1
}

function echo_summary {
    record echo_summary "$@"
}

function setup_develop {
    record setup_develop "$@"
}

function pip_uninstall {
    record pip_uninstall "$@"
}

function get_python_exec_prefix {
    echo "$ROOT/bin"
}

# A unit of systemd is made for the command.
function run_process {
    if is_service_enabled "$1"; then
        [[ "$2" == /* ]] || die $LINENO "no absolute path: $2"
        record run_process "$@"
        echo "$1" >> "$ROOT/running"
    fi
}

function stop_process {
    record stop_process "$@"
    if is_service_enabled "$1"; then
        rm -f "$ROOT/running"
    fi
}

function wait_for_service {
    record wait_for_service "$@"
    [[ ! -e "$ROOT/service-does-not-start" ]]
}

function async_wait {
    record async_wait "$@"
}

function curl {
    record curl "$@"
    while [[ $# -gt 0 && "$1" != --output ]]; do
        shift
    done
    echo downloaded > "$2"
}

# The client: a thing is a file that is named by it and has its id.
function openstack {
    local name=${*: -1} kind=$3 verb=$4
    record openstack "$@"
    case $verb in
        create)
            mkdir -p "$ROOT/cloud/$kind"
            echo "id-of-$kind-$name" > "$ROOT/cloud/$kind/$name"
            ;;
        show)
            cat "$ROOT/cloud/$kind/$name"
            ;;
        *)
            die $LINENO "openstack $*"
            ;;
    esac
}

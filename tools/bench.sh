#!/usr/bin/env bash
# Measure what each operation of nova costs on a simulated z/VM:
#
#     tools/bench.sh [--json FILE] [--help for more]
#     tools/bench.sh images
#
# It prints requests, z/VM commands by kind, bytes, memory and times, once
# with a z/VM that answers at once and once with one that takes its time; in
# less than two minutes after a first run, which makes what is needed. With
# images it prints what images of up to 2 GiB cost on their way: memory, disk
# and bytes, and how fast they are compared with curl; in some minutes, and
# with 6 GiB of disk.
set -euo pipefail
exec bash "$(dirname "${BASH_SOURCE[0]}")/tox.sh" run -q -e bench -- "$@"

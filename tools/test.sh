#!/usr/bin/env bash
# Run all tests and checks, or only the parts that are named; --help says more.
# tools/parts.py does it, once tools/tox.sh has seen that the Python will do and
# has made what tox needs on a fresh machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash tools/tox.sh --version >/dev/null
exec "${PYTHON:-python3}" tools/parts.py "$@"

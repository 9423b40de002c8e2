#!/usr/bin/env bash
# Run all tests and checks, or only the parts that are named:
#
#     tools/test.sh [unit|neutron|functional|faults|pep8|docs|releasenotes ...]
#
# unit and functional run on nova 34; with a release of OpenStack behind them
# (unit-2025.1, functional-2025.1; also 2025.2, 2026.1) on the nova of that.
#
#     tools/test.sh --all-releases
#
# runs all, and unit and functional on each of those.
#
# A part that fails does not keep the others from running. The last line is
# 'N passed, N failed': tests by their number, each check as one; ', N skipped'
# follows where tests were. The exit status is 1 if anything failed. PYTHON
# names another interpreter than python3, WORKERS the number of test processes
# (2).
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

declare -A environments=(
    [unit]=py3 [neutron]=neutron [functional]=functional [faults]=faults
    [pep8]=pep8 [docs]=docs [releasenotes]=releasenotes)
all=(unit neutron functional pep8 docs releasenotes faults)
older=()
for release in 2025.1 2025.2 2026.1; do
    for part in unit functional; do
        environments[$part-$release]=$part-$release
    done
    older+=("unit-$release" "functional-$release")
done
passed=0
failed=0
skipped=0
summary=()

usage() {
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0"
}

# What stestr's totals say of NAME in LOG; 0 when there are none.
total() {
    local name=$1 log=$2 number
    number=$(sed -n "s/^ - $name: \([0-9]*\)$/\1/p" "$log" | tail -n 1)
    echo "${number:-0}"
}

# Make the virtual environment of a part, out of the way of its results.
prepare() {
    local environment=$1 log=.tox/log/$1-prepare.log
    bash tools/tox.sh run --notest -e "$environment" >"$log" 2>&1 && return
    tail -n 25 "$log"
    echo "The environment of '$environment' cannot be made (whole output in $log)."
    return 1
}

# What stestr's totals count; a run that ended badly or ran no test counts as
# a failure even where no failed test stands for it.
count_tests() {
    local status=$1 log=$2
    good=$(total Passed "$log")
    bad=$(total Failed "$log")
    out=$(total Skipped "$log")
    if [ "$bad" = 0 ] && { [ "$status" != 0 ] || [ "$good" = 0 ]; }; then
        bad=1
    fi
}

count_check() {
    bad=$1
    good=$((1 - bad))
    out=0
}

mention_skipped() {
    [ "$1" = 0 ] || echo ", $1 skipped"
}

# Run one part and add its numbers to the totals.
run() {
    local part=$1 environment=${environments[$1]} count=count_check
    local log=.tox/log/$1.log started=$SECONDS status=0 good bad out
    echo "=== $part"
    : >"$log"
    prepare "$environment" &&
        bash tools/tox.sh run --skip-pkg-install -q -e "$environment" 2>&1 |
            tee "$log" || status=1
    case $part in
        unit* | neutron | functional* | faults) count=count_tests ;;
    esac
    $count "$status" "$log"
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + out))
    summary+=("$(printf '%-17s %5d passed, %d failed%s, %d s' "$part" \
        "$good" "$bad" "$(mention_skipped "$out")" $((SECONDS - started)))")
}

parts=("$@")
[ $# -gt 0 ] || parts=("${all[@]}")
[ "$*" != --all-releases ] || parts=("${all[@]}" "${older[@]}")
for part in "${parts[@]}"; do
    [ -n "${environments[$part]:-}" ] || { usage; exit 2; }
done
trap 'exit 130' INT
mkdir -p .tox/log
for part in "${parts[@]}"; do
    run "$part"
done
echo "=== totals"
printf '%s\n' "${summary[@]}"
echo "$passed passed, $failed failed$(mention_skipped "$skipped")"
[ "$failed" = 0 ]

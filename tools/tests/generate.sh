#!/usr/bin/env bash
# The generated conformance cases: the same every time, and enough of them. Left in the build folder for the other tests.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"

generate=("$root/.venv/bin/python" "$root/conformance/generate/generate")

if ! command -v python3 >/dev/null; then
    skip "no python3: the conformance cases can't be made"
    exit 0
fi
if ! make_cases >"$work/made" 2>&1; then
    if grep -q -i -e 'could not find a version' -e 'connection' "$work/made"; then
        skip "the pinned Python packages can't be had: $(tail -1 "$work/made")"
    else
        failed=$((failed + 1)); echo "FAILED the cases are made"; tail -15 "$work/made"
    fi
    exit 0
fi
expect "a second tree, and at least 95 % of the signatures touched" 0 'signatures touched' "${generate[@]}" --out "$work/again"
check "it is the first one, file by file" diff -r "$cases" "$work/again"
expect "another seed is another tree" 1 'other cases' "${generate[@]}" --out "$cases" --check --seed 2
expect "fresh cases stay" 0 'up to date' "${generate[@]}" --out "$cases" --if-stale
mkdir "$work/full" && echo x >"$work/full/mine"
expect "a folder of something else is left alone" 1 'holds something else' "${generate[@]}" --out "$work/full"

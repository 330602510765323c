#!/usr/bin/env bash
# The judge is judged: every wrong plugin of conformance/wrong is caught by the rule that it breaks, the right one that they
# are made of passes. usage: wrong.sh [--update] [NAME ...]; --update writes the table of docs/conformance.md.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${ORT_BUILD:-$root/build}
if [ ! -x "$build/bin/ort-conformance" ]; then
    echo "skipped: ort-conformance is not built"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$root/tools/tests/wrong.py" "$build" "$work" "$@"

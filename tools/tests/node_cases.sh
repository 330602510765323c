#!/usr/bin/env bash
# ONNX's own node cases: right, or declined by name.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
archive=${ORT_TEST_DATA:-$root/../shared}/onnx-tests/onnx-node-1.23.tar.xz
if [ ! -f "$archive" ]; then
    echo "skipped: ONNX's node cases are not beside the project: $archive is absent"
    echo "0 passed, 0 failed, 1 skipped"
    exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$root/tools/tests/node_cases.py" "${ORT_BUILD:-$root/build}/bin/ort-run" "$archive" "$work" --least 1350

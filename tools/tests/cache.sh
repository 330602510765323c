#!/usr/bin/env bash
# Packed weights on the disk: written by one process, found by the next, packed again when a file is damaged.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"

run=$build/bin/ort-run
model=$data/models/super-resolution-10
folder=$work/cache
mkdir "$folder"

expect "a folder that is absent" 2 "cache.folder" "$run" nowhere.onnx -o cache.folder="$work/absent"
if [ -d "$model" ]; then
    files=("$model"/*.onnx)
    expect "first: packed" 0 'output: equal' "$run" "${files[0]}" --check "$model" -o cache.folder="$folder"
    first=$(cd "$folder" && sha256sum -- *.packed)
    check "there are files" test -n "$first"
    check "nothing temporary is left" test -z "$(find "$folder" -name '*.tmp')"
    expect "again: found" 0 'output: equal' "$run" "${files[0]}" --check "$model" -o cache.folder="$folder"
    check "the files are the same" test "$first" = "$(cd "$folder" && sha256sum -- *.packed)"
    for file in "$folder"/*.packed; do truncate -s 5000 "$file"; done
    expect "short files are survived" 0 'output: equal' "$run" "${files[0]}" --check "$model" -o cache.folder="$folder"
    check "and written anew" test "$first" = "$(cd "$folder" && sha256sum -- *.packed)"
else
    skip "no models beside the project: $model is absent"
fi
[ "$failed" -eq 0 ]

#!/usr/bin/env bash
# The border is the one that was listed, every function says what it must, the reference is fresh; and a planted change is
# seen by each of the guards.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"
check "layout listing" python3 "$root/tools/abi-layout/abi-layout" --check
check "reference pages and labels" python3 "$root/tools/abi-docs/abi-docs" --check
if command -v abidiff >/dev/null; then
    check "libabigail's baseline" "$root/tools/abi-layout/abi-diff" --check
else
    skip "abi-diff: abidiff is not installed (Debian: abigail-tools)"
fi

# planted WHAT FILE SED: a copy of the border with one change in one header.
planted() {
    rm -rf "$work/copy"
    mkdir -p "$work/copy/tools" "$work/copy/docs"
    cp -r "$root/plugin-api" "$work/copy/plugin-api"
    cp -r "$root/tools/abi-layout" "$root/tools/abi-docs" "$work/copy/tools/"
    cp -r "$root/docs/reference" "$work/copy/docs/"
    sed -i "$2" "$work/copy/plugin-api/include/ort/plugin/$1"
    check "the change in $1 is planted" bash -c "! diff -q '$root/plugin-api/include/ort/plugin/$1' '$work/copy/plugin-api/include/ort/plugin/$1'"
}
layout() { expect "$1" 1 "$2" python3 "$work/copy/tools/abi-layout/abi-layout" --check; }
docs() { expect "$1" 1 "$2" python3 "$work/copy/tools/abi-docs/abi-docs" --check; }
abigail() { if command -v abidiff >/dev/null; then expect "$1" 1 "$2" "$work/copy/tools/abi-layout/abi-diff" --check; fi; }

planted queue.h 's/^    uint32_t size, wait_count;/    uint32_t size, reserved;\n    uint64_t wait_count;/'
layout "a changed member is seen" 'ortp_order'
abigail "a changed member is seen by abidiff" 'ortp_order'
planted memory.h 's/^    void (\*unmap)(ortp_instance \*instance, ortp_buffer \*buffer);/    void (*unmap)(ortp_instance *instance, ortp_buffer *buffer, uint32_t flags);/'
abigail "an added argument is seen, which no layout shows" 'unmap'
docs "a page behind the headers is seen" 'ortp_memory_table.md'
planted host.h 's/^    ort_string_view (\*symbol_name)(const ortp_view \*view, uint32_t symbol);/&\n    void *(*late)(void);/'
abigail "a table that grew is seen" 'late'
planted memory.h 's/Unless said: threads: any; blocking: no; errors: INVALID_ARGUMENT/Errors: see below/'
docs "a function without its labels is seen" "ortp_memory_table.alloc does not say 'threads"
planted memory.h 's/its point settled. out: create/its point settled/'
docs "a handle without an owner is seen" "whom 'out' belongs to"

# A plugin built from the headers of today is accepted, by the installed rules of every release that is kept.
for frozen in "$root"/plugin-api/frozen/*/; do
    if [ ! -d "$frozen" ]; then continue; fi
    version=$(basename "$frozen")
    mkdir -p "$work/frozen-$version"
    check "frozen $version: its tiny plugin builds from its own headers" "${CC:-cc}" -std=c17 -shared -fPIC -fvisibility=hidden -I "$frozen/include" "$frozen/tiny.c" -o "$work/frozen-$version/libortp_frozen.so"
    cp "$frozen/frozen.ortp.json" "$work/frozen-$version/"
    expect "frozen $version: loads in this core" 0 '  frozen:0 ' env ORT_PLUGIN_PATH="$work/frozen-$version" "$build/bin/ort-info" --why
    if [ -d "$data/models" ]; then
        model=$data/models/mnist-cntk-8
        expect "frozen $version: is shown graphs" 0 'frozen: takes nothing' env ORT_PLUGIN_PATH="$work/frozen-$version" "$build/bin/ort-run" "$model/model.onnx" --provider frozen --explain
    else
        skip "no models beside the project: $data/models is absent"
    fi
done

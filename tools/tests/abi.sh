#!/usr/bin/env bash
# The border's layout is the one that was listed.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"
check "layout listing" python3 "$root"/tools/abi-layout/abi-layout --check
cp -r "$root/plugin-api/include" "$work/include"
sed -i 's/    uint32_t wait_count;/    uint64_t wait_count;/; s/    uint32_t size, wait_count;/    uint32_t size; uint64_t wait_count;/' "$work/include/ort/plugin/queue.h"
expect "a changed field is seen" 1 'ortp_order' python3 "$root"/tools/abi-layout/abi-layout --check --include "$work/include"

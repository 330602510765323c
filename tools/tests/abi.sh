#!/usr/bin/env bash
# The border's layout is the one that was listed, and a change would be seen.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"
check "layout listing" python3 "$root/tools/abi-layout/abi-layout" --check
mkdir "$work/tools"
cp -r "$root/plugin-api" "$work/plugin-api"
cp -r "$root/tools/abi-layout" "$work/tools/abi-layout"
sed -i 's/^    uint32_t size, wait_count;/    uint32_t size, reserved;\n    uint64_t wait_count;/' "$work/plugin-api/include/ort/plugin/queue.h"
expect "a changed member is seen" 1 'ortp_order' python3 "$work/tools/abi-layout/abi-layout" --check

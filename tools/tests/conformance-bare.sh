#!/usr/bin/env bash
# Levels 0 to 2, and of 5 what needs no core, on our own providers: the CPU one, the asynchronous one of the sdk, and the small wrong ones that the core's
# tests use, each of which must be caught by its rule.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"
suite=$build/bin/ort-conformance plugins=$build/tests/plugins async=$root/sdk/template-async
if [ ! -x "$suite" ]; then
    skip "ort-conformance is not built"
    exit 0
fi

judge() { "$suite" "$@" --level L0-L2,L5 --timeout 60; }
check "the CPU provider passes" judge "$build/lib/orthrus/cpu.ortp.json"

mkdir "$work/async"
echo '{global: ortp_entry_v0; local: *;};' >"$work/async/exports"
check "the asynchronous provider is built" "${CC:-cc}" -O1 -fPIC -shared -D_POSIX_C_SOURCE=200809L -D_DEFAULT_SOURCE \
    -I"$root/plugin-api/include" "$async"/*.c -lm -lpthread -Wl,--version-script="$work/async/exports" \
    -o "$work/async/libortp_async.so"
cat >"$work/async/async.ortp.json" <<'JSON'
{"id": "org.example.async", "name": "async", "version": "1.0.0", "vendor": "Example",
 "abi": {"major": 0, "min_minor": 0, "built_minor": 0}, "library": "libortp_async.so"}
JSON
check "the asynchronous provider passes" judge "$work/async/async.ortp.json"

# caught PLUGIN RULE
caught() {
    expect "$1 is caught" 1 "rule $2:" "$suite" "$plugins/$1/$1.ortp.json" --level L0-L2 --timeout 20
}
if [ -d "$plugins" ]; then
    caught null_slot table.slots
    caught short table.sizes
    caught symbol load.symbols
    caught too_new entry.negotiates
    caught agreed entry.negotiates
    caught no_table entry.negotiates
    caught id manifest.agrees
    caught device_id device.facts
    caught unknown_node claim.known
    caught twice claim.answers
    caught token claim.token
    caught cost claim.numbers
    caught convex claim.convex
    caught null_out out.written
else
    skip "the wrong plugins are not built: configure with -DORT_TESTS=ON"
fi

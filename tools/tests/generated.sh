#!/usr/bin/env bash
# The CPU provider under the generated cases: levels 3 and 4.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"
suite=$build/bin/ort-conformance
if [ ! -x "$suite" ] || ! command -v python3 >/dev/null; then
    skip "ort-conformance is not built, or there is no python3"
    exit 0
fi
if ! make_cases >"$work/made" 2>&1; then
    skip "the cases can't be made: $(tail -1 "$work/made")"
    exit 0
fi
# Once with every algorithm, once without the one that errs by tiles (Winograd's).
check "every case holds" timeout 600 "$suite" cpu --level L3,L4 --cases "$cases" --json "$work/run.json"
check "... and without Winograd" timeout 600 "$suite" cpu --level L3 --cases "$cases" --filter '*conv*' -o winograd=false
check "what the generator says that the provider claims is what ran" "$root/.venv/bin/python" "$root/conformance/generate/generate" --claims "$work/run.json"

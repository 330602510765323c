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
# Winograd's F(4x4, 3x3) adds and subtracts across a whole tile: where numbers of very different size meet it does not keep
# class D, whose bound is each output's own. Without it every case holds; with it these sets are known not to.
check "every case holds without Winograd" timeout 600 "$suite" cpu --level L3,L4 --cases "$cases" -o winograd=false --json "$work/exact.json"
check "what the generator says that the provider claims is what ran" "$root/.venv/bin/python" "$root/conformance/generate/generate" --claims "$work/exact.json"
timeout 600 "$suite" cpu --level L3,L4 --cases "$cases" --filter '*conv*' --json "$work/run.json" >/dev/null 2>&1
check "with it only sets of wide range fail, and by precision" python3 - "$work/run.json" <<'PY'
import json, re, sys
run = json.load(open(sys.argv[1]))
bad = [(c["id"], c["rule"]) for c in run["cases"] if c["verdict"] not in ("passed", "declined")]
known = re.compile(r"L3/operators/conv_float32_set_(sparse|wide|holes)_3x3$")
assert run["counts"]["passed"] > 100, run["counts"]
assert all(known.match(name) and rule == "run.correct" for name, rule in bad), bad
PY

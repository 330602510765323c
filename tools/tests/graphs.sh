#!/usr/bin/env bash
# The judge's levels 4 to 6 from outside: whole models in every way, what a wrong file of theirs gives, devices with threads
# of their own under faults.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"
suite=$build/bin/ort-conformance
if [ ! -x "$suite" ] || ! "$suite" cpu --level 5,6 --list >/dev/null 2>&1; then
    skip "ort-conformance is not built with levels 5 and 6"
    exit 0
fi
expect "level 6 gives times beside the CPU's" 0 '"metrics": "median_us=.*times_cpu=' "$suite" cpu --level 6 --json -

models=$data/models
if [ ! -f "$models/mnist-cntk-8/model.onnx" ]; then
    skip "no models beside the project"
    exit 0
fi
check "the CPU provider gives every model's golden outputs, in every way, or declines it" \
    "$suite" cpu --suite "$models" --timeout 200 --json "$work/models.json"
check "what is declined says which operator, what is passed ran whole and cut" python3 - "$work/models.json" <<'PY'
import json, re, sys
cases = json.load(open(sys.argv[1]))["cases"]
assert all(c["level"] == 4 for c in cases)
passed = [c for c in cases if c["verdict"] == "passed"]
declined = [c for c in cases if c["verdict"] == "declined"]
assert len(passed) >= 13 and len(passed) + len(declined) == len(cases), (len(passed), len(declined), len(cases))
for case in passed:
    ways, ran, nodes = map(int, re.search(r"ways=(\d+) nodes=(\d+)/(\d+)", case["metrics"]).groups())
    assert ways >= (3 if "string" in case["id"] else 6) and ran >= nodes > 0, case  # folding runs nodes that are then nowhere placed
assert all(re.match(r"\w+: ", c["text"]) for c in declined), [c["text"] for c in declined]
PY

mkdir "$work/tree"
cp -r "$models/mnist-cntk-8" "$work/tree/spoiled"
cp "$work/tree/spoiled/test_data_set_1/output_0.pb" "$work/tree/spoiled/test_data_set_0/output_0.pb"
expect "a model with another's outputs fails by its rule" 1 'rule model.correct' "$suite" cpu --suite "$work/tree"

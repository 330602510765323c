#!/usr/bin/env bash
# ort-convert: every model that loads is saved as valid ONNX that onnxruntime and ort-run answer as before; what is asked
# for wrongly is refused, and nothing half-written is left.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"
convert=$build/bin/ort-convert

expect "no model" 2 'one MODEL is needed' "$convert"
expect "nothing to do" 2 'nothing to do' "$convert" "$work/x.onnx"
expect "--as-is with passes" 2 'exclude each other' "$convert" "$work/x.onnx" --text --as-is --passes opt_identity
expect "missing model" 2 'nowhere.onnx' "$convert" "$work/nowhere.onnx" --text
expect "the passes are listed" 0 '^lower_versions .*(always)' "$convert" --list-passes
check "the passes as JSON" bash -c "'$convert' --list-passes --json | python3 -m json.tool"
listed=$("$convert" --list-passes | cut -d' ' -f1 | sort)
shown=$(sed -n 's/^\.It Cm //p' "$root/docs/man/ort-convert.1" | sort)
check "the man page lists every pass" test "$listed" = "$shown"

if [ ! -d "$data/models" ]; then
    skip "no models beside the project: $data/models is absent"
    exit 0
fi
mnist=$data/models/mnist-cntk-8/model.onnx
expect "unknown pass" 2 'did you mean opt_identity' "$convert" "$mnist" --text --passes opt_identiti
expect "a required pass can't be disabled" 2 'required' "$convert" "$mnist" --text --disable lower_versions
expect "no folder to write to" 2 'nowhere' "$convert" "$mnist" -o "$work/nowhere/out.onnx"
expect "an operator set that is too old" 2 'ReduceMean.*needs version 18' "$convert" "$data/models/magika-v1/model.onnx" -o "$work/old.onnx" --opset 13
expect "an operator set that nobody knows" 2 'wants 1 to 28' "$convert" "$mnist" -o "$work/old.onnx" --opset 99
check "nothing is left of what failed" bash -c "! ls '$work' | grep -q -e tmp -e old"
expect "an operator set of one's choice" 0 'ai.onnx 17' "$convert" "$mnist" -o "$work/mnist.onnx" --opset 17
expect "the text form" 0 '^graph ' "$convert" "$mnist" --text
expect "as it is" 0 '12 nodes' "$convert" "$mnist" --as-is -o "$work/mnist.onnx"
expect "each pass is shown with its time" 0 'opt_fold_constants .*s  -[1-9]' "$convert" "$mnist" -o "$work/mnist.onnx"
expect "weights outside" 0 '' "$convert" "$mnist" -o "$work/mnist.onnx" --external
check "the file of weights is there" test -s "$work/mnist.onnx.data"
expect "and is read again" 0 'equal' "$build/bin/ort-run" "$work/mnist.onnx" --check "${mnist%/*}"
expect "a model converts onto itself" 0 'nodes' "$convert" "$work/mnist.onnx" -o "$work/mnist.onnx"
expect "and means the same" 0 'equal' "$build/bin/ort-run" "$work/mnist.onnx" --check "${mnist%/*}"

python=$root/.venv/bin/python peer=()
if [ ! -x "$python" ]; then
    skip "the checker: $python is not there; conformance/generate/make-cases makes it"
    python=
fi
for packages in "$build"/peer/lib/python*/site-packages; do
    if [ -d "$packages/onnxruntime" ]; then peer=(--onnxruntime "$packages"); fi
done
[ ${#peer[@]} -gt 0 ] || skip "onnxruntime on what was converted: it is not in $build/peer; tools/bench/against-onnxruntime installs it"

# model:why onnxruntime refuses what was converted.
known="silero-vad-v6:a branch that is never taken reads a value of another rank, and onnxruntime infers it all the same"
for model in "$data"/models/*/; do
    name=$(basename "$model")
    if ! timeout 120 "$convert" "$model/model.onnx" -o "$work/$name.onnx" >"$work/out" 2>&1; then
        skip "$name: $(tail -1 "$work/out")"
        continue
    fi
    if [ -n "$python" ]; then
        timeout 300 "$python" "$root/tools/tests/convert_check.py" "$work/$name.onnx" "$model" "${peer[@]}" >"$work/said" 2>&1
        case $? in
        0) passed=$((passed + 1)) ;;
        3) skip "$name: $(cat "$work/said")" ;;
        *)
            if [[ $known == "$name:"* ]]; then skip "$known"; else check "$name: $(tail -2 "$work/said")" false; fi
            ;;
        esac
    fi
    if timeout 120 "$build/bin/ort-run" "$model/model.onnx" --check "$model" >/dev/null 2>&1; then
        expect "$name: ort-run on what was converted" 0 'equal' "$build/bin/ort-run" "$work/$name.onnx" --check "$model"
    fi
    rm -f "$work/$name.onnx"
done

#!/usr/bin/env bash
# The simulated accelerator: models run on it give the golden answers, faults are errors that say what failed, and nobody
# gets it who did not name it.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"

# with OPTION VALUE ...: the simulated device with these options.
with() {
    local text=''
    while [ $# -gt 0 ]; do text="$text${text:+, }\"$1\": $2"; shift 2; done
    printf 'providers=[{"name": "sim", "options": {%s}}]' "$text"
}

expect "two devices are found" 0 'sim:1' "$build/bin/ort-info"
expect "as many as the variable names" 0 'sim:2' env ORT_SIM_DEVICES='0000:01:00.0@0,0000:02:00.0@0,0000:03:00.0' "$build/bin/ort-info"
expect "levels 0 to 2 and 5 of the suite" 0 ' 0 failed' "$build/bin/ort-conformance" sim --level L0-L2,L5
if [ -d "$cases/operators" ]; then
    expect "levels 3 and 4 of the suite" 0 ' 0 failed' "$build/bin/ort-conformance" sim --cases "$cases" --level L3,L4
else
    skip "no generated cases in $cases: tools/tests/generate.sh makes them"
fi
if [ ! -d "$data/models" ]; then
    skip "no models beside the project: $data/models is absent"
    exit 0
fi
for name in mnist-cntk-8 magika-v1 magika-v3.3 xgboost-iris-hummingbird blazeface-back-256 ultraface-rfb-320; do
    model=$data/models/$name
    expect "$name on sim" 0 'equal' "$build/bin/ort-run" "$model/model.onnx" --provider sim --check "$model"
done
mnist=$data/models/mnist-cntk-8
run=("$build/bin/ort-run" "$mnist/model.onnx" --check "$mnist" -o)
expect "every wait holds when work begins late" 0 'equal' "${run[@]}" "$(with delay_us 3000 copy_ns_per_kib 100000)"
expect "a failed piece of work is named" 3 "work 2 ('copy to the device') of the simulated device fails" "${run[@]}" "$(with fail_at 2)"
expect "a failed program is named" 3 "work 3 ('Conv') of the simulated device fails" "${run[@]}" "$(with fail_at 3)"
expect "a lost device is an error" 3 'the simulated device is lost' "${run[@]}" "$(with lose_at 3)"
expect "memory that is refused is an error" 3 'allocation 2 of the simulated device fails' "${run[@]}" "$(with out_of_memory_at 2)"
expect "too little memory is an error" 3 'more than the 1000 that the simulated device has' "${run[@]}" "$(with memory_bytes 1000)"
expect "a wrong result is found by the check" 1 'elements differ' "${run[@]}" "$(with wrong_at 3)"
expect "nobody gets it who did not name it" 0 'cpu' "$build/bin/ort-run" "$mnist/model.onnx" --explain
check "... and it is not even asked" bash -c "! '$build/bin/ort-run' '$mnist/model.onnx' --explain | grep -q 'sim:\|^sim'"

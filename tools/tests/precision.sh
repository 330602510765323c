#!/usr/bin/env bash
# precision: bf16 on the CPU: where the processor multiplies bfloat16, answers move by its rounding and no further, and are
# not the float32 ones; where it can't, the wish is refused by name.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"

if [ ! -d "$data/models" ]; then
    skip "no models beside the project: $data/models is absent"
    exit 0
fi
model=$data/models/magika-v1/model.onnx set=$data/models/magika-v1/test_data_set_0
narrow='providers=[{"name": "cpu", "options": {"isa": "baseline"}}]'
expect "bf16 without the instructions is refused" 2 "'precision'" "$build/bin/ort-run" "$model" -o precision=bf16 -o "$narrow"
expect "by the provider's option too" 2 "option precision" "$build/bin/ort-run" "$model" \
    -o 'providers=[{"name": "cpu", "options": {"isa": "baseline", "precision": "bf16"}}]'

if ! grep -q avx512_bf16 /proc/cpuinfo; then
    expect "bf16 on this processor is refused" 2 "'precision'" "$build/bin/ort-run" "$model" -o precision=bf16
    skip "this processor has no AVX512_BF16"
    exit 0
fi
expect "bf16 by the session" 0 'equal' "$build/bin/ort-run" "$model" --check "$set" -o precision=bf16 --rtol 0.1 --atol 0.05
expect "bf16 by the provider" 0 'equal' "$build/bin/ort-run" "$model" --check "$set" --rtol 0.1 --atol 0.05 \
    -o 'providers=[{"name": "cpu", "options": {"precision": "bf16"}}]'
for entry in magika-v1:target_label ultraface-rfb-320:scores super-resolution-10:output; do
    name=${entry%%:*} output=${entry##*:}
    model=$data/models/$name/model.onnx set=$data/models/$name/test_data_set_0
    expect "$name in bf16" 0 'equal' "$build/bin/ort-run" "$model" --check "$set" -o precision=bf16 --rtol 0.1 --atol 0.05
    expect "$name: bf16 is not float32" 1 'differ' "$build/bin/ort-run" "$model" --check "$set" -o precision=bf16
    mkdir -p "$work/1" "$work/2"
    for threads in 1 2; do
        check "$name on $threads" "$build/bin/ort-run" "$model" -o precision=bf16 --threads "$threads" --output "$work/$threads"
    done
    check "$name: the same bits on two threads" cmp "$work/1/$output.npy" "$work/2/$output.npy"
done

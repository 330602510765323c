#!/usr/bin/env bash
# The published models, cut at random among providers, give their golden answers: a provider with memory of its own beside
# the CPU, and two of its devices where it has two. The simulated accelerator where it is built, else the asynchronous
# template. ORT_PLACEMENTS says how many random placements of the small models, all over (40), and with 200 and more each
# large model is cut three times instead of once.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"

small=(mnist-cntk-8 mediapipe-iris-external-data magika-v1 magika-v3.3 xgboost-iris-hummingbird blazeface-back-256 ultraface-rfb-320)
large=(super-resolution-10 fastestdet-352 mediapipe-palm-lite-192 bodypix-mbv1-050-s16 ppocr-v3-det-en basic-pitch-nmp)

if [ ! -d "$data/models" ]; then
    skip "no models beside the project: $data/models is absent"
    exit 0
fi
mixes=('sim:0,cpu' 'sim:0,sim:1,cpu')
if [ ! -f "$build/lib/orthrus/sim.ortp.json" ]; then
    skip "the simulated accelerator is not built: the asynchronous template takes its place"
    mixes=('async:0,cpu')
    check "install" cmake --install "$build" --prefix "$work/prefix"
    check "the template" bash -c "cmake -S '$root/sdk/template-async' -B '$work/async' -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_PREFIX_PATH='$work/prefix' && cmake --build '$work/async'"
    export ORT_PLUGIN_PATH=$work/async
fi

# placed MODEL MIX SEED PARTS
placed() {
    expect "$1 over $2, seed $3, $4 parts" 0 'equal' "$build/bin/ort-run" "$data/models/$1/model.onnx" \
        --check "$data/models/$1" --provider "$2" -o fallback=allow -o "placement.seed=$3" -o "placement.parts=$4"
}

for ((seed = 0; seed < ${ORT_PLACEMENTS:-40}; seed++)); do
    placed "${small[seed % ${#small[@]}]}" "${mixes[seed / ${#small[@]} % ${#mixes[@]}]}" "$seed" $((seed * 7 % 29 + 1))
done
for model in "${large[@]}"; do
    for ((seed = 1; seed <= (${ORT_PLACEMENTS:-40} < 200 ? 1 : 3); seed++)); do
        placed "$model" "${mixes[seed % ${#mixes[@]}]}" "$seed" $((seed * 4))
    done
done

#!/usr/bin/env bash
# The published models: those that First light computes give the golden answers on one session each; every other one is
# refused with the name of the first operator that nobody takes.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"

# model:nodes, counted in the file. Nodes that were copied into branches are told of once more.
taken="
    basic-pitch-nmp:248
    blazeface-back-256:149
    bodypix-mbv1-050-s16:75
    coreml-bikesharing-onehot:26
    fastestdet-352:211
    gtcrn-stream:1786
    linear-classifier:2
    magika-v1:88
    magika-v3.3:95
    mediapipe-iris-external-data:169
    mediapipe-palm-lite-192:123
    mnist-cntk-8:12
    nanogpt-char-65:439
    nanogpt-greedy-loop:451
    nnsplit-en-lstm:47
    ppocr-en-number-rec:676
    ppocr-v3-det-en:660
    silero-vad-v3-mini:546
    silero-vad-v3-mini-dynquant:610
    silero-vad-v6:689
    snips-qlstm-scan:76
    super-resolution-10:12
    tfidf-string-vectorizer:6
    tiny-gpt2-contrib:39
    tiny-llama-fp16-external:104
    ultraface-rfb-320:242
    ultraface-rfb-320-nms:268
    ultraface-slim-320-qdq-int8:265
    xgboost-classifier-tree:1
    xgboost-iris-hummingbird:62
"
# model:first operator, in the model's order, that no provider takes
refused="
"

if [ ! -d "$data/models" ]; then
    skip "no models beside the project: $data/models is absent"
    exit 0
fi
for entry in $taken; do
    name=${entry%%:*} nodes=${entry##*:}
    expect "$name" 0 'equal' "$build/bin/ort-run" "$data/models/$name/model.onnx" --check "$data/models/$name"
    expect "$name, one thread" 0 'equal' "$build/bin/ort-run" "$data/models/$name/model.onnx" --check "$data/models/$name" --threads 1
    expect "$name, baseline instructions" 0 'equal' "$build/bin/ort-run" "$data/models/$name/model.onnx" --check "$data/models/$name" \
        -o 'providers=[{"name": "cpu", "options": {"isa": "baseline"}}]'
    placed=$(timeout 120 "$build/bin/ort-run" "$data/models/$name/model.onnx" --check "$data/models/$name" --explain --json 2>/dev/null |
        python3 -c 'import json,sys; d=json.load(sys.stdin)["placement"]
print(sum(n["state"] in ("provider", "folded", "known", "removed", "core") for n in d["nodes"]))')
    check "$name: --explain accounts for every node ($placed of $nodes)" test "${placed:-0}" -ge "$nodes"
done
for entry in $refused; do
    name=${entry%%:*} operator=${entry##*:}
    expect "$name is refused" 2 "($operator) is taken by no provider\|\.$operator) is taken by no provider" "$build/bin/ort-run" "$data/models/$name/model.onnx"
done

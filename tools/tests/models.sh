#!/usr/bin/env bash
# The published models: those that First light computes give the golden answers on one session each; every other one is
# refused with the name of the first operator that nobody takes.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"

taken="mnist-cntk-8 super-resolution-10 ultraface-rfb-320 fastestdet-352 blazeface-back-256 mediapipe-palm-lite-192
       mediapipe-iris-external-data bodypix-mbv1-050-s16 ppocr-v3-det-en basic-pitch-nmp magika-v1 magika-v3.3
       xgboost-iris-hummingbird"
# model:first operator, in the model's order, that no provider takes
refused="ultraface-rfb-320-nms:NonMaxSuppression ultraface-slim-320-qdq-int8:QuantizeLinear ppocr-en-number-rec:LSTM
         silero-vad-v6:If silero-vad-v3-mini:If silero-vad-v3-mini-dynquant:If nnsplit-en-lstm:LSTM gtcrn-stream:GRU
         nanogpt-char-65:Pow nanogpt-greedy-loop:Loop tiny-gpt2-contrib:EmbedLayerNormalization
         tiny-llama-fp16-external:Gather xgboost-classifier-tree:TreeEnsembleClassifier
         linear-classifier:LinearClassifier coreml-bikesharing-onehot:ArrayFeatureExtractor
         snips-qlstm-scan:Scan tfidf-string-vectorizer:StringNormalizer"

if [ ! -d "$data/models" ]; then
    skip "no models beside the project: $data/models is absent"
    exit 0
fi
for name in $taken; do
    expect "$name" 0 'equal' "$build/bin/ort-run" "$data/models/$name/model.onnx" --check "$data/models/$name"
    expect "$name, two threads" 0 'equal' "$build/bin/ort-run" "$data/models/$name/model.onnx" --check "$data/models/$name" --threads 2
    nodes=$(timeout 120 "$build/bin/ort-run" "$data/models/$name/model.onnx" --check "$data/models/$name" --explain --json 2>/dev/null |
        python3 -c 'import json,sys; d=json.load(sys.stdin)["placement"]; print(d["node_count"], len(d["nodes"]), sum(1 for n in d["nodes"] if n["state"] == "?"))')
    read -r want got unknown <<<"$nodes"
    check "$name: --explain accounts for every node ($nodes)" test "${want:-0}" -gt 0 -a "${want:-0}" = "${got:-1}" -a "${unknown:-1}" = 0
done
for entry in $refused; do
    name=${entry%%:*} operator=${entry##*:}
    expect "$name is refused" 2 "$operator" "$build/bin/ort-run" "$data/models/$name/model.onnx"
done

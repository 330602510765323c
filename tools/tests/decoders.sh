#!/usr/bin/env bash
# decoders: examples/generate gives the same text for the same seed at any thread count, and another for another seed.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"

generate=$build/examples/generate
if [ ! -x "$generate" ]; then
    skip "the examples are not built: $generate is absent"
    exit 0
fi
expect "no model is a wrong call" 2 usage "$generate"

expect "a token is a number" 2 usage "$generate" model.onnx 5 seven
prompt=(5 17 300 42 7)

# text NAME SEED THREADS: 24 tokens, into $work/NAME-SEED-THREADS. Seed 0 is the likeliest token each time.
text() {
    expect "$1, seed $2, $3 threads" 0 '^[0-9]\+\( [0-9]\+\)\{23\}$' \
        "$generate" "$data/models/$1/model.onnx" --seed "$2" --threads "$3" --count 24 "${prompt[@]}"
    cp "$work/out" "$work/$1-$2-$3"
}

# remembers NAME: a text read as a prompt goes on as it went on when each of its tokens came by way of the past.
remembers() {
    local -a words
    read -ra words <"$work/$1-0-1"
    expect "$1: what the past holds is what was read" 0 "^${words[*]:8}\$" \
        "$generate" "$data/models/$1/model.onnx" --count 16 "${prompt[@]}" "${words[@]:0:8}"
}

for name in tiny-gpt2-contrib tiny-llama-fp16-external; do
    if [ ! -f "$data/models/$name/model.onnx" ]; then
        skip "$data/models/$name/model.onnx is absent"
        continue
    fi
    for seed in 0 1 2; do
        text "$name" "$seed" 1
        for threads in 2 4; do
            text "$name" "$seed" "$threads"
            check "$name, seed $seed: $threads threads as one" cmp "$work/$name-$seed-1" "$work/$name-$seed-$threads"
        done
    done
    remembers "$name"
    for pair in 0:1 0:2 1:2; do
        expect "$name: seeds $pair differ" 1 differ cmp "$work/$name-${pair%:*}-1" "$work/$name-${pair#*:}-1"
    done
done

if [ -f "$data/models/mnist-cntk-8/model.onnx" ]; then
    expect "what is no decoder is refused" 1 'not a decoder' "$generate" "$data/models/mnist-cntk-8/model.onnx"
fi

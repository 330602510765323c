#!/usr/bin/env bash
# The programs from outside: help, exit codes, errors that name the thing, a broken plugin beside the good one.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"
run=$build/bin/ort-run info=$build/bin/ort-info bench=$build/bin/ort-bench

for program in ort-run ort-info ort-bench ort-convert; do
    expect "$program --help" 0 'usage: ' "$build/bin/$program" --help
    expect "$program --version" 0 '^ort-[a-z]* [0-9]*\.[0-9]*\.[0-9]*$' "$build/bin/$program" --version
    expect "$program: unknown option" 2 "unknown option '--nope'" "$build/bin/$program" --nope
done
expect "no model" 2 'one MODEL is needed' "$run"
expect "missing model" 2 'nowhere.onnx' "$run" "$work/nowhere.onnx"
printf 'this is no model' >"$work/text.onnx"
expect "text for a model" 2 'text.onnx' "$run" "$work/text.onnx"
: >"$work/empty.onnx"
expect "an empty file" 2 'empty.onnx' "$run" "$work/empty.onnx"
mkdir "$work/folder.onnx"
expect "a folder for a model" 2 'folder.onnx' "$run" "$work/folder.onnx"
expect "unknown key" 2 'threads' "$run" -o thread.lanes=1 "$work/text.onnx"
expect "wrong type" 2 'threads.lanes' "$run" -o threads.lanes=many "$work/text.onnx"
printf '{"providers": ["cpu"' >"$work/broken.json"
expect "broken configuration" 2 'broken.json' "$run" --config "$work/broken.json" "$work/text.onnx"
expect "missing configuration" 2 'gone.json' "$run" --config "$work/gone.json" "$work/text.onnx"
for program in "$run $work/text.onnx" "$info"; do
    # shellcheck disable=SC2086
    expect "providers named in two ways" 2 'exclude each other' $program --provider cpu -o 'providers=["cpu"]'
done
expect "--dump is refused" 2 'dump' "$run" "$work/text.onnx" --dump '*'

expect "bench: no model" 2 'one MODEL is needed' "$bench"
expect "bench: no time" 2 'seconds' "$bench" "$work/text.onnx" --seconds 0
expect "bench: missing model" 2 'nowhere.onnx' "$bench" "$work/nowhere.onnx"
expect "bench: two sources of inputs" 2 'exclude each other' "$bench" "$work/text.onnx" --data "$work" --shape a=1

expect "the CPU provider is listed" 0 '^cpu ' "$info"
expect "one device" 0 '  cpu:0  cpu' "$info" cpu:0
expect "no such provider" 1 'no such device' "$info" frobnicator
expect "--json" 0 '"schema": 1' "$info" --json
check "--json parses" bash -c "'$info' --json | python3 -m json.tool"
expect "--topology" 0 'lane' "$info" --topology
check "--topology --json parses" bash -c "'$info' --topology --json | python3 -m json.tool"

plugins=$work/plugins
mkdir "$plugins"
printf 'not an ELF file' >"$plugins/libbroken.so"
cat >"$plugins/broken.ortp.json" <<'JSON'
{"id": "org.example.broken", "name": "broken", "version": "1.0.0", "vendor": "Example",
 "abi": {"major": 0, "min_minor": 0, "built_minor": 0}, "library": "libbroken.so"}
JSON
printf '{"id": ' >"$plugins/half.ortp.json"
export ORT_PLUGIN_PATH=$plugins
expect "broken plugin: the good one goes on" 0 '^cpu ' "$info"
expect "broken plugin: listed with its reason" 0 'broken: refused' "$info" --why
expect "half a manifest: listed with its reason" 0 'half.ortp.json' "$info" --why
unset ORT_PLUGIN_PATH

if [ -d "$data/models" ]; then
    mnist=$data/models/mnist-cntk-8/model.onnx
    expect "random input" 0 'Plus214_Output_0 float32\[1,10\]' "$run" "$mnist"
    expect "unknown input" 2 'no such input' "$run" "$mnist" --input nope=@1
    expect "wrong shape" 2 'Input3' "$run" "$mnist" --input Input3=@1x1x28x29
    expect "unknown provider" 2 'frobnicator' "$run" "$mnist" --provider frobnicator
    expect "unknown provider option" 2 'fusion' "$run" "$mnist" -o 'providers=[{"name":"cpu","options":{"fuson":true}}]'
    expect "placement" 0 'cpu' "$info" --model "$mnist" --placement
    expect "model's values" 0 'Input3  float32\[1,1,28,28\]' "$info" --model "$mnist"
    expect "wrong golden answers" 1 'elements differ' "$run" "$mnist" --check "$data/models/mnist-cntk-8" --rtol 0 --atol 1e-30
    expect "bench: every phase has a line" 0 'first_run' "$bench" "$mnist" --seconds 0.1
    check "bench: --json holds what scripts rely on" bash -c "'$bench' '$mnist' --seconds 0.1 --json >'$work/bench.json' && python3 -c \"
import json; r = json.load(open('$work/bench.json'))
assert r['schema'] == 1 and r['provider'] == 'cpu' and r['precision'] == 'model' and r['threads'] >= 1 and r['runs'] >= 10
assert 0 < r['min_ms'] <= r['median_ms'] <= r['p90_ms'] <= r['p99_ms'] and r['create_ms'] > 0 and r['first_run_ms'] > 0 and r['rss_mb'] > 0\""
    expect "bench: ratios to an earlier report" 0 'against  *median_ms' "$bench" "$mnist" --seconds 0.1 --against "$work/bench.json"
    expect "bench: --against wants a report" 2 'is no report' "$bench" "$mnist" --seconds 0.1 --against "$mnist"
    expect "bench: stored inputs, two at once" 0 '2 at once' "$bench" "$mnist" --data "$data/models/mnist-cntk-8" --seconds 0.1 --concurrency 2
    expect "bench: unknown input" 2 'no such input' "$bench" "$mnist" --shape nope=1
    expect "profile" 0 '' "$run" "$mnist" --profile "$work/trace.json"
    check "profile is JSON" python3 -m json.tool "$work/trace.json"
    mkdir "$work/outputs"
    expect "outputs as files" 0 '' "$run" "$mnist" --output "$work/outputs"
    check "output file" test -s "$work/outputs/Plus214_Output_0.npy"
    expect "a provider against itself" 0 'equal' "$run" "$mnist" --compare cpu,cpu
else
    skip "no models beside the project: $data/models is absent"
fi

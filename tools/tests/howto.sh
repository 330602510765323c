#!/usr/bin/env bash
# What the pages tell people to type works as written: commands are taken from the pages and run, in order, in a scratch
# tree with a scratch home. The pages of the provider's road are run whole; of the others, the lines that run our programs.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"

# A tree like the project's, in which build/ can be written to and the names that pages use for a user's own files exist.
tree=$work/tree
mkdir -p "$tree/build" "$work/home"
for item in "$root"/*; do if [ "$(basename "$item")" != build ]; then ln -s "$item" "$tree/"; fi; done
for item in "$build"/*; do ln -s "$item" "$tree/build/"; done
if [ -d "$data/models/mnist-cntk-8" ]; then
    for name in MODEL model.onnx mnist.onnx; do ln -s "$data/models/mnist-cntk-8/model.onnx" "$tree/$name"; done
    ln -s "$data/models/mnist-cntk-8" "$tree/DIR"
    if [ ! -e "$tree/build/quickstart-model" ]; then
        mkdir "$tree/build/quickstart-model"
        ln -s "$data/models/mnist-cntk-8/model.onnx" "$tree/build/quickstart-model/model.onnx"
    fi
fi

# commands PAGE: its indented blocks, without the indent.
commands() { sed -n 's/^    //p' "$1"; }

# whole PAGE: runs a page's blocks as one script, which ends at the first command that fails.
whole() {
    local page=$root/$1 name script
    name=$(basename "$1" .md)
    script=$work/$name.script
    commands "$page" >"$script"
    check "$1: has commands" test -s "$script"
    (
        cd "$tree" || exit 1
        HOME=$work/home-$name
        mkdir -p "$HOME"
        export HOME
        timeout 900 bash -e -x "$script"
    ) >"$work/$name.log" 2>&1 </dev/null
    local code=$?
    if [ "$code" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $1: exit $code; the last lines:"
        tail -15 "$work/$name.log" | sed 's/^/    /'
    fi
}

# lines PAGE: runs each line of its blocks that begins with one of our programs, or prepares for one.
lines() {
    local page=$root/$1 line count=0
    while IFS= read -r line; do
        line=${line%%   *} # what it is for stands to the right
        line=${line/conformance PROVIDER/conformance cpu --level L0} # the whole is another test's
        count=$((count + 1))
        check "$1: $line" timeout 120 env HOME="$work/home" bash -c "cd '$tree' && export PKG_CONFIG_PATH=\$HOME/orthrus/lib/pkgconfig && $line"
    done < <(commands "$page" | grep -E '^(build/bin/|build/hello|LD_LIBRARY_PATH=|cmake --install|cc )')
    check "$1: has commands" test "$count" -gt 0
}

if make_cases >"$work/made"; then
    whole docs/howto/write-a-provider.md
    shipped=$work/home-write-a-provider/orthrus/lib/orthrus
    check "the shipped manifest is JSON" python3 -m json.tool "$shipped/npu.ortp.json"
    check "it and its record tell the digest of the shipped library" test "$(grep -c "$(sha256sum "$shipped/libortp_npu.so" | cut -d' ' -f1)" "$shipped/npu.ortp.json")" -eq 2
else
    skip "docs/howto/write-a-provider.md: the cases that it judges by can't be made: $(tail -1 "$work/made")"
fi
whole docs/howto/without-the-kit.md
own=$(sed -n "/^    cat >hardsigmoid.c/,/^    END/p" "$root/docs/howto/write-a-provider.md" | wc -l)
template=$(cat "$root"/sdk/template/*.[ch] "$root"/sdk/template/CMakeLists.txt | wc -l)
check "the operator of one's own is under 300 lines: $own, in a template of $template" test "$own" -lt 300

if [ -e "$tree/MODEL" ]; then
    for page in README.md docs/tour.md docs/howto/select-providers.md docs/howto/read-a-placement-report.md docs/howto/debug-a-refused-plugin.md; do
        lines "$page"
    done
else
    skip "README.md and the other howtos: no models beside the project: $data/models is absent"
fi

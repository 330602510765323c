#!/usr/bin/env bash
# The device kit's kernels: one source, every variant compiled for every target whose compiler is here.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"

kit=$root/sdk/device
variants=$build/sdk/device/variants
includes=(-I "$kit/dialect" -I "$kit/kernels")

# One line a variant that fails, with what the compiler says.
to_spirv() {
    local name kernel macros
    sed -n 's/^V(\([^,]*\), "\([^"]*\)", "\([^"]*\)".*/\1|\2|\3/p' "$variants/variants.def" >"$work/list"
    while IFS='|' read -r name kernel macros; do
        # shellcheck disable=SC2086
        glslc -fshader-stage=comp --target-env=vulkan1.1 -x glsl -std=450core -DOKL_GLSL $macros "${includes[@]}" \
            -o "$work/out.spv" "$kit/kernels/$kernel.okl" >"$work/log" 2>&1 || echo "$name: $(head -1 "$work/log")"
    done <"$work/list"
}

if command -v glslc >/dev/null; then
    wrong=$(to_spirv)
    count=$(wc -l <"$work/list")
    echo "$count variants to SPIR-V ${wrong:+, wrong: $wrong}"
    check "every variant compiles to SPIR-V" test "$count" -gt 100 -a -z "$wrong"
else
    skip "SPIR-V: glslc is not here (package glslc)"
fi

nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
if [ -x "$nvcc" ]; then
    for unit in "$variants"/*.c; do
        check "$(basename "$unit" .c) compiles to a cubin" timeout 120 "$nvcc" -x cu -arch=sm_80 -cubin "${includes[@]}" -o "$work/out.cubin" "$unit"
    done
else
    skip "CUDA: nvcc is not here"
fi

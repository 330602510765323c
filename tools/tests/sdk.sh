#!/usr/bin/env bash
# The sdk as a vendor has it: only the installed prefix, moved elsewhere, and templates copied out of it. Each template is
# built with gcc and clang, gives out one symbol, computes what it should, and is judged.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"

# The operators' cases are installed where they were made, which takes the pinned packages.
make_cases >"$work/cases.log" 2>&1 || skip "the cases of levels 3 and 4: $(tail -1 "$work/cases.log")"
check "install" cmake --install "$build" --prefix "$work/first"
mv "$work/first" "$work/prefix" # nothing in it may know where it was installed
prefix=$work/prefix
export PATH="$prefix/bin:$PATH"
exported() { nm -D --defined-only "$1" | awk '{print $3}' | sort | tr '\n' ' '; }

# build_template TEMPLATE COMPILER: copies and builds; the result is in $work/TEMPLATE-COMPILER/build.
build_template() {
    local folder=$work/$1-$2
    cp -r "$prefix/share/orthrus/sdk/$1" "$folder"
    check "$1, $2" bash -c "cmake -S '$folder' -B '$folder/build' -DCMAKE_PREFIX_PATH='$prefix' -DCMAKE_C_COMPILER='$2' -DCMAKE_C_FLAGS=-Werror && cmake --build '$folder/build'"
    local library
    for library in "$folder"/build/*.so; do
        check "$1, $2: gives out one symbol: $(exported "$library")" test "$(exported "$library")" = 'ortp_entry_v0 '
        check "$1, $2: the manifest tells the library's digest" grep -q "$(sha256sum "$library" | cut -d' ' -f1)" "$folder"/build/*.ortp.json
    done
}

# Levels that this build of the suite has; 6 is a report of speed and judges nothing.
judge=$prefix/bin/ort-conformance levels=''
for level in 0 1 2 3 4 5; do
    if reason=$("$judge" cpu --level "$level" --list 2>&1 >/dev/null); then
        levels=$levels,$level
    else
        skip "level $level: $reason"
    fi
done

# judged TEMPLATE MANIFEST: nothing that it claims is wrong.
judged() { check "$1: judged by levels ${levels#,}" timeout 900 "$judge" "$2" --level "${levels#,}"; }

templates=()
for folder in "$prefix"/share/orthrus/sdk/template*; do templates+=("$(basename "$folder")"); done
check "the templates are installed: ${templates[*]}" test -f "$prefix/share/orthrus/sdk/template/CMakeLists.txt"
for template in "${templates[@]}"; do
    for compiler in gcc clang; do build_template "$template" "$compiler"; done
    folder=$work/$template-gcc
    manifest=$(find "$folder/build" -maxdepth 1 -name '*.ortp.json')
    name=$(basename "$manifest" .ortp.json)
    export ORT_PLUGIN_PATH=$folder/build
    expect "$template: accepted" 0 "^  $name:0 " ort-info --why
    expect "$template: its own tests" 0 '100% tests passed' ctest --test-dir "$folder/build"
    if [ -d "$data/models" ]; then
        for model in mnist-cntk-8 magika-v1 ultraface-slim-320; do
            if [ ! -f "$data/models/$model/model.onnx" ]; then continue; fi
            expect "$template: $model as the CPU does" 0 'equal' ort-run "$data/models/$model/model.onnx" --compare "$name,cpu" -o fallback=allow
        done
    else
        skip "no models beside the project: $data/models is absent"
    fi
    judged "$template" "$manifest"
    unset ORT_PLUGIN_PATH
done

# The kit without the templates' comfort: a static library and headers by pkg-config, from C and from C++.
PKG_CONFIG_PATH=$(find "$prefix" -name pkgconfig)
export PKG_CONFIG_PATH
read -r -a flags <<<"$(pkg-config --cflags --libs orthrus-sdk)"
check "pkg-config, C" gcc -std=c17 -shared -fPIC -fvisibility=hidden "$root/examples/provider/tiny.c" -o "$work/tiny.so" "${flags[@]}" -Wl,--exclude-libs,ALL
check "it gives out one symbol: $(exported "$work/tiny.so")" test "$(exported "$work/tiny.so")" = 'ortp_entry_v0 '
printf '#include <ort/sdk/attr.h>\n#include <ort/sdk/broadcast.h>\n#include <ort/sdk/provider.h>\nbool probe(ort_string_view a) { return ortk_view_is(a, "x"); }\n' >"$work/probe.cc"
for compiler in g++ clang++; do
    check "pkg-config, C++ by $compiler" "$compiler" -std=c++17 -Wall -Wextra -Wpedantic -Werror -shared -fPIC "$work/probe.cc" -o "$work/probe.so" "${flags[@]}"
done

# The kit over a driver links by itself, and the kernels' sources are there for its compiler.
mkdir "$work/driver"
printf 'cmake_minimum_required(VERSION 3.25)\nproject(D LANGUAGES C)\nfind_package(Orthrus REQUIRED COMPONENTS device)\nadd_library(driver MODULE driver.c)\ntarget_link_libraries(driver PRIVATE Orthrus::device)\ntarget_link_options(driver PRIVATE -Wl,-z,defs)\n' >"$work/driver/CMakeLists.txt"
printf '#include <ort/sdk/device.h>\nconst void *driver_parts(uint32_t i);\nconst void *driver_parts(uint32_t i) {\n    const void *parts[] = {&ortk_device_program, &ortk_device_memory, &ortk_device_queue, ortk_variant_at(i)};\n    return ortk_device_kernels(0) ? 0 : parts[i %% 4];\n}\n' >"$work/driver/driver.c"
check "a driver is configured" cmake -S "$work/driver" -B "$work/driver/build" -DCMAKE_PREFIX_PATH="$prefix"
check "a driver links" cmake --build "$work/driver/build"
check "the kernels' sources are installed" test -f "$prefix/share/orthrus/sdk/device/kernels/gemm.okl"

# The helper says what is wrong.
mkdir "$work/no-manifest"
printf 'cmake_minimum_required(VERSION 3.25)\nproject(P LANGUAGES C)\nfind_package(Orthrus REQUIRED COMPONENTS sdk)\northrus_add_provider(p SOURCES p.c)\n' >"$work/no-manifest/CMakeLists.txt"
expect "a provider without a manifest" 1 'there is no manifest' cmake -S "$work/no-manifest" -B "$work/no-manifest/build" -DCMAKE_PREFIX_PATH="$prefix"

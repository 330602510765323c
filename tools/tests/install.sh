#!/usr/bin/env bash
# What is shipped: exported symbols, needed libraries, size, headers in four compilers' modes, an installed tree that
# find_package and pkg-config can use.
set -uo pipefail
# shellcheck source=tools/tests/lib.sh.inc
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh.inc"

exported() { nm -D --defined-only "$1" | awk '$2 ~ /[TDBRVW]/ {print $3}' | sed 's/@.*//' | sort; }
needed() { objdump -p "$1" | awk '/NEEDED/ {print $2}' | sort | tr '\n' ' '; }

libort=$(readlink -f "$build/lib/libort.so")
check "libort exports ort_ alone" bash -c "! nm -D --defined-only '$libort' | awk '{print \$3}' | sed 's/@.*//' | grep -v -e '^ort_' -e '^ORT_'"
check "libort exports the whole API" bash -c "diff <(grep -o '\bort_[a-z0-9_]*(' '$root/core/include/ort/ort.h' | tr -d '(' | sort -u) <(nm -D --defined-only '$libort' | awk '\$2==\"T\"{print \$3}' | sed 's/@.*//' | sort -u)"
for library in $(needed "$libort"); do
    case $library in
    libc.so.6 | libm.so.6 | libprotobuf-c.so.1 | libhwloc.so.15 | libjansson.so.4 | libcrypto.so.3 | ld-linux-x86-64.so.2) passed=$((passed + 1)) ;;
    *) failed=$((failed + 1)); echo "FAILED libort needs $library" ;;
    esac
done
cp "$libort" "$work/libort.so"
strip "$work/libort.so"
check "libort is under 1 MB stripped: $(stat -c %s "$work/libort.so") bytes" test "$(stat -c %s "$work/libort.so")" -lt 1000000
for plugin in "$build"/lib/orthrus/*.so; do
    check "$(basename "$plugin") exports one symbol: $(exported "$plugin" | tr '\n' ' ')" test "$(exported "$plugin")" = ortp_entry_v0
done

for header in $(cd "$root" && for folder in core plugin-api sdk; do (cd $folder/include && ls ort/*.h ort/*/*.h 2>/dev/null); done); do
    printf '#include <%s>\nint main(void) { return 0; }\n' "$header" >"$work/header.c"
    cp "$work/header.c" "$work/header.cc"
    include=(-I "$root/core/include" -I "$root/plugin-api/include" -I "$root/sdk/include")
    warn=(-Wall -Wextra -Wpedantic -Werror -fsyntax-only)
    check "$header, gcc C17" gcc -std=c17 "${warn[@]}" -Wconversion "${include[@]}" "$work/header.c"
    check "$header, clang C17" clang -std=c17 "${warn[@]}" -Wconversion "${include[@]}" "$work/header.c"
    check "$header, g++ C++17" g++ -std=c++17 "${warn[@]}" "${include[@]}" "$work/header.cc"
    check "$header, clang++ C++17" clang++ -std=c++17 "${warn[@]}" "${include[@]}" "$work/header.cc"
done

check "install" cmake --install "$build" --prefix "$work/prefix"
check "examples build against the installed package" bash -c "cmake -S '$root/examples' -B '$work/examples' -DCMAKE_PREFIX_PATH='$work/prefix' && cmake --build '$work/examples'"
check "a provider builds against the installed package" bash -c "cmake -S '$root/examples/provider' -B '$work/provider' -DCMAKE_PREFIX_PATH='$work/prefix' && cmake --build '$work/provider'"
check "it exports one symbol" test "$(exported "$work/provider/libortp_tiny.so")" = ortp_entry_v0
expect "it is found" 0 'tiny:0' env ORT_PLUGIN_PATH="$work/provider" "$work/prefix/bin/ort-info"
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(find "$work/prefix" -name pkgconfig | tr '\n' ':')
# shellcheck disable=SC2046
check "pkg-config" gcc -std=c17 "$root/examples/hello.c" -o "$work/hello" $(pkg-config --cflags --libs orthrus)
if [ -d "$data/models" ]; then
    library_path=$(dirname "$(find "$work/prefix" -name 'libort.so.0' | head -1)")
    expect "installed library finds its plugins" 0 '10 elements' env LD_LIBRARY_PATH="$library_path" "$work/hello" "$data/models/mnist-cntk-8/model.onnx"
    expect "installed ort-run" 0 'equal' "$work/prefix/bin/ort-run" "$data/models/mnist-cntk-8/model.onnx" --check "$data/models/mnist-cntk-8"
    expect "nodes go to two providers and the answers hold" 0 'equal' env ORT_PLUGIN_PATH="$work/provider" "$work/prefix/bin/ort-run" "$data/models/mnist-cntk-8/model.onnx" --provider tiny --check "$data/models/mnist-cntk-8"
    expect "--compare does not compare the CPU with itself" 2 'fallback' env ORT_PLUGIN_PATH="$work/provider" "$work/prefix/bin/ort-run" "$data/models/mnist-cntk-8/model.onnx" --compare tiny,cpu
    expect "... unless it is asked to" 0 'equal' env ORT_PLUGIN_PATH="$work/provider" "$work/prefix/bin/ort-run" "$data/models/mnist-cntk-8/model.onnx" --compare tiny,cpu -o fallback=allow
    expect "the report shows both" 0 'tiny  *2 ' env ORT_PLUGIN_PATH="$work/provider" "$work/prefix/bin/ort-run" "$data/models/mnist-cntk-8/model.onnx" --provider tiny --explain
else
    skip "no models beside the project: $data/models is absent"
fi

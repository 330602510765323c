# The five target kinds of this project. Every room's CMakeLists.txt is a list of sources and its edges.

set(ORT_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
                 -Wvla -Wundef -Wpointer-arith -Wwrite-strings)

function(_ort_flags target)
  target_compile_features(${target} PUBLIC c_std_17)
  target_compile_options(${target} PRIVATE ${ORT_WARNINGS} $<$<BOOL:${ORT_WERROR}>:-Werror> -fvisibility=hidden
                                           -fno-math-errno -ffp-contract=off)
  # C17 and the POSIX names that base/ and topology/ use; GNU extensions stay off.
  target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON C_EXTENSIONS OFF)
endfunction()

# ort_library(NAME [SOURCES ...] [DEPS ...] [PRIVATE_DEPS ...] [INCLUDE dirs ...]): one room.
# Its headers are included as "room/noun.h" from the folder that holds the rooms.
function(ort_library name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS;PRIVATE_DEPS;INCLUDE" ${ARGN})
  add_library(ort_${name} STATIC ${A_SOURCES})
  add_library(ort::${name} ALIAS ort_${name})
  _ort_flags(ort_${name})
  target_include_directories(ort_${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/.. ${A_INCLUDE})
  target_link_libraries(ort_${name} PUBLIC ${A_DEPS} PRIVATE ${A_PRIVATE_DEPS})
endfunction()

# ort_test(NAME SOURCES ... DEPS ...): an executable of Criterion tests, or of the same tests under a plain main
# (ORT_TEST_PLAIN), which is what the sanitizers need: Criterion forks.
function(ort_test name)
  if(NOT ORT_TESTS)
    return()
  endif()
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  _ort_flags(${name})
  target_link_libraries(${name} PRIVATE ${A_DEPS} ort::testing)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name})
  set_property(GLOBAL APPEND PROPERTY ORT_TEST_TARGETS ${name})
endfunction()

# ort_plugin(NAME SOURCES ... DEPS ...): build/lib/orthrus/libortp_NAME.so, exporting ortp_entry alone.
# Its manifest NAME.ortp.json.in is configured beside it.
function(ort_plugin name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_library(ortp_${name} MODULE ${A_SOURCES})
  _ort_flags(ortp_${name})
  target_link_libraries(ortp_${name} PRIVATE ${A_DEPS})
  target_link_options(ortp_${name} PRIVATE -Wl,--exclude-libs,ALL -Wl,-Bsymbolic -Wl,-z,defs -Wl,--gc-sections)
  set_target_properties(ortp_${name} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/orthrus)
  if(ORT_SANITIZE)
    target_link_options(ortp_${name} PRIVATE -Wl,-z,undefs)
  endif()
endfunction()

# ort_program(NAME [NOT_INSTALLED] SOURCES ... DEPS ...): build/bin/NAME.
function(ort_program name)
  cmake_parse_arguments(A "NOT_INSTALLED" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  _ort_flags(${name})
  target_link_libraries(${name} PRIVATE ${A_DEPS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin
                                           INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
  if(NOT A_NOT_INSTALLED)
    install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endfunction()

# ort_fuzz(NAME SOURCES ... DEPS ...): a libFuzzer target; built with clang and -DORT_FUZZ=ON only.
function(ort_fuzz name)
  if(NOT ORT_FUZZ)
    return()
  endif()
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  _ort_flags(${name})
  target_link_libraries(${name} PRIVATE ${A_DEPS})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
endfunction()

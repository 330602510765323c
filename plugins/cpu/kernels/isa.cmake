# Kernel sources are compiled once for each instruction set. The flags come after the project's own, so that products and
# sums may fuse here, and only here.
# Internal cache variables, because the function serves folders beside and above this one.
set(ORTCPU_ISAS baseline CACHE INTERNAL "")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(ORTCPU_ISAS baseline avx2 avx512 CACHE INTERNAL "")
endif()
set(ORTCPU_FLAGS_baseline "" CACHE INTERNAL "")
set(ORTCPU_FLAGS_avx2 -mavx2 -mfma -mf16c CACHE INTERNAL "")
set(ORTCPU_FLAGS_avx512bf16 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512bf16 -mavx2 -mfma -mf16c -DORTCPU_BF16
    CACHE INTERNAL "")
set(ORTCPU_FLAGS_avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mf16c CACHE INTERNAL "")

set(ORTCPU_FLAGS_avxvnni ${ORTCPU_FLAGS_avx2} -mavxvnni CACHE INTERNAL "")
set(ORTCPU_FLAGS_avx512vnni ${ORTCPU_FLAGS_avx512} -mavx512vnni CACHE INTERNAL "")

# ortcpu_isa_sources(TARGET source...): adds the sources to TARGET once for each instruction set, with ORTCPU_ISA set.
function(ortcpu_isa_sources target)
  _ortcpu_sources(${target} "${ORTCPU_ISAS}" ${ARGN})
endfunction()

# The same for the family that multiplies pairs of bfloat16.
function(ortcpu_bf16_sources target)
  if("avx512" IN_LIST ORTCPU_ISAS)
    _ortcpu_sources(${target} avx512bf16 ${ARGN})
  endif()
endfunction()

# Products of bytes have two more instruction sets.
function(ortcpu_int8_sources target)
  set(isas ${ORTCPU_ISAS})
  if("avx512" IN_LIST isas)
    list(APPEND isas avxvnni avx512vnni)
  endif()
  _ortcpu_sources(${target} "${isas}" ${ARGN})
endfunction()

function(_ortcpu_sources target isas)
  foreach(isa IN LISTS isas)
    list(GET ARGN 0 first)
    get_filename_component(first ${first} NAME_WE)
    set(lib ${target}_${first}_${isa})
    add_library(${lib} OBJECT ${ARGN})
    _ort_flags(${lib})
    target_include_directories(${lib} PRIVATE ${PROJECT_SOURCE_DIR}/plugins/cpu
                                              $<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>)
    target_compile_definitions(${lib} PRIVATE ORTCPU_ISA=${isa})
    target_compile_options(${lib} PRIVATE -O3 ${ORTCPU_FLAGS_${isa}} -ffp-contract=fast)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${lib}>)
  endforeach()
endfunction()

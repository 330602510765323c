# orthrus_add_provider(NAME SOURCES files... [MANIFEST file] [LIBRARIES targets...] [KIT OFF]): a provider as it is shipped.
#
# Makes the library libortp_NAME.so (target ortp_NAME) with the kit inside, which exports ortp_entry_v0 and nothing else,
# and beside it, after every link, the manifest NAME.ortp.json from MANIFEST (default: NAME.ortp.json.in). Both are
# installed to lib/orthrus. KIT OFF: the border's headers alone are used.
#
# The manifest may use @ORT_LIBRARY@, @ORT_SHA256@ (of the library as linked: it is linked stripped and without a run path
# in release builds, so that installing does not change it), @ORT_ARCHITECTURE@, @ORT_ABI_MAJOR@, @ORT_ABI_MINOR@,
# @ORT_VERSION@ (the project's) and @ORT_CONFORMANCE@ (conformance.json beside the manifest's source, else {}).
include(GNUInstallDirs)
set(_ORTHRUS_PROVIDER_FOLDER ${CMAKE_CURRENT_LIST_DIR})

function(_orthrus_manifest name source)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${name}.ortp.json)
  add_custom_command(
    TARGET ortp_${name} POST_BUILD
    COMMAND
      ${CMAKE_COMMAND} -DSOURCE=${source} -DLIBRARY=$<TARGET_FILE:ortp_${name}> -DOUT=${out}
      -DORT_VERSION=${PROJECT_VERSION} -DORT_ARCHITECTURE=${CMAKE_SYSTEM_PROCESSOR}
      "-DINCLUDES=$<TARGET_PROPERTY:Orthrus::plugin-api,INTERFACE_INCLUDE_DIRECTORIES>" -P
      ${_ORTHRUS_PROVIDER_FOLDER}/OrthrusManifest.cmake
    VERBATIM)
  get_filename_component(folder ${source} DIRECTORY)
  set(inputs ${source})
  if(EXISTS ${folder}/conformance.json)
    list(APPEND inputs ${folder}/conformance.json)
  endif()
  set_property(TARGET ortp_${name} APPEND PROPERTY LINK_DEPENDS ${inputs})
  install(FILES ${out} DESTINATION ${CMAKE_INSTALL_LIBDIR}/orthrus)
endfunction()

function(orthrus_add_provider name)
  cmake_parse_arguments(A "" "MANIFEST;KIT" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT A_SOURCES)
    message(FATAL_ERROR "orthrus_add_provider(${name}): SOURCES are needed")
  endif()
  if(NOT A_MANIFEST)
    set(A_MANIFEST ${name}.ortp.json.in)
  endif()
  get_filename_component(A_MANIFEST ${A_MANIFEST} ABSOLUTE)
  if(NOT EXISTS ${A_MANIFEST})
    message(FATAL_ERROR "orthrus_add_provider(${name}): there is no manifest ${A_MANIFEST}")
  endif()
  set(kit Orthrus::sdk)
  if(DEFINED A_KIT AND NOT A_KIT)
    set(kit Orthrus::plugin-api)
  endif()
  add_library(ortp_${name} MODULE ${A_SOURCES})
  target_link_libraries(ortp_${name} PRIVATE ${kit} ${A_LIBRARIES})
  target_compile_features(ortp_${name} PRIVATE c_std_17)
  set_target_properties(
    ortp_${name}
    PROPERTIES C_VISIBILITY_PRESET hidden
               CXX_VISIBILITY_PRESET hidden
               C_EXTENSIONS OFF
               BUILD_WITH_INSTALL_RPATH ON
               LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})
  target_link_options(
    ortp_${name} PRIVATE -Wl,--version-script=${_ORTHRUS_PROVIDER_FOLDER}/ortp.map -Wl,-Bsymbolic -Wl,--gc-sections
    $<$<NOT:$<CONFIG:Debug>>:-s>)
  _orthrus_manifest(${name} ${A_MANIFEST})
  install(TARGETS ortp_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/orthrus)
endfunction()

# libort: all rooms in one shared object that gives out ort_* alone.
set(ort_rooms base tensor graph ops load passes providers topology partition schedule run telemetry session)
set(ort_missing)
foreach(room ${ort_rooms})
  if(NOT TARGET ort_${room})
    list(APPEND ort_missing ${room})
  endif()
endforeach()
if(ort_missing)
  message(STATUS "libort is not built: rooms without a target: ${ort_missing}")
  return()
endif()

add_library(ort SHARED ${CMAKE_CURRENT_LIST_DIR}/session/libort.c)
add_library(ort::ort ALIAS ort)
_ort_flags(ort)
foreach(room ${ort_rooms})
  target_link_libraries(ort PRIVATE -Wl,--whole-archive $<TARGET_FILE:ort_${room}> -Wl,--no-whole-archive)
  add_dependencies(ort ort_${room})
endforeach()
target_include_directories(ort PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_LIST_DIR}/include>
                                      $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/plugin-api/include>
                                      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(ort PRIVATE PkgConfig::PROTOBUF_C PkgConfig::HWLOC PkgConfig::JANSSON PkgConfig::CRYPTO
                                  Threads::Threads m ${CMAKE_DL_LIBS})
target_link_options(ort PRIVATE -Wl,--version-script=${CMAKE_CURRENT_LIST_DIR}/libort.map -Wl,--gc-sections
                                -Wl,--as-needed -Wl,-Bsymbolic $<$<CONFIG:Release>:-s>)
if(NOT ORT_SANITIZE AND NOT ORT_FUZZ)
  target_link_options(ort PRIVATE -Wl,-z,defs)
endif()
set_target_properties(ort PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0
                                     LINK_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/libort.map)

# ---- install ----
install(TARGETS ort EXPORT OrthrusTargets LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS ort_plugin_api EXPORT OrthrusTargets)
set_target_properties(ort PROPERTIES EXPORT_NAME core)
set_target_properties(ort_plugin_api PROPERTIES EXPORT_NAME plugin-api)
install(DIRECTORY ${CMAKE_CURRENT_LIST_DIR}/include/ort DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT OrthrusTargets NAMESPACE Orthrus:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Orthrus)

include(CMakePackageConfigHelpers)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/cmake/OrthrusConfig.cmake.in
                              ${CMAKE_BINARY_DIR}/OrthrusConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Orthrus)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/OrthrusConfigVersion.cmake VERSION ${PROJECT_VERSION}
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/OrthrusConfig.cmake ${CMAKE_BINARY_DIR}/OrthrusConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/Orthrus)
# Relocatable: the prefix is told from where the .pc lies.
file(RELATIVE_PATH ORT_PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
foreach(package orthrus orthrus-sdk)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/cmake/${package}.pc.in ${CMAKE_BINARY_DIR}/${package}.pc @ONLY)
  install(FILES ${CMAKE_BINARY_DIR}/${package}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

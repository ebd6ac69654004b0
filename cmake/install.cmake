# What `cmake --install` puts where: both libraries, the public headers, the command line, and for programs that
# embed tconv a CMake package (tconv::tconv, tconv::tconv_static, tconv::tool and tconv_add_kernels) and tconv.pc, tconv-static.pc. The prefix may be moved.
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tconv)
set(made_dir ${PROJECT_BINARY_DIR}/package)

# Two export sets: who links the shared library needs none of the packages that the archive needs.
set(TCONV_STATIC_PACKAGES "")
set(TCONV_STATIC_LIBRARIES stdc++ m dl)
if(TCONV_TBB)
  list(PREPEND TCONV_STATIC_PACKAGES TBB)
  list(PREPEND TCONV_STATIC_LIBRARIES tbb)
endif()
install(TARGETS tconv EXPORT tconv-targets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS tconv_static EXPORT tconv-static-targets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS tconv_cli EXPORT tconv-targets)
get_property(parts GLOBAL PROPERTY TCONV_PARTS)
install(TARGETS ${parts} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/runtime/include/tconv DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

string(REPLACE ";" " " TCONV_STATIC_PACKAGES "${TCONV_STATIC_PACKAGES}")
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/tconv-config.cmake.in ${made_dir}/tconv-config.cmake
                              INSTALL_DESTINATION ${package_dir})
# Before 1.0 a minor version may break what was.
write_basic_package_version_file(${made_dir}/tconv-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${made_dir}/tconv-config.cmake ${made_dir}/tconv-config-version.cmake
              ${CMAKE_CURRENT_LIST_DIR}/tconv_add_kernels.cmake DESTINATION ${package_dir})
install(EXPORT tconv-targets NAMESPACE tconv:: DESTINATION ${package_dir})
install(EXPORT tconv-static-targets NAMESPACE tconv:: DESTINATION ${package_dir})

# tconv-static.pc names the archive by its file: with -ltconv the linker takes the shared library.
list(TRANSFORM TCONV_STATIC_LIBRARIES PREPEND "-l" OUTPUT_VARIABLE static_libs)
string(REPLACE ";" " " static_libs "${static_libs}")
file(RELATIVE_PATH PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
string(REGEX REPLACE "/$" "" PC_PREFIX "${PC_PREFIX}")
function(install_pc PC_NAME PC_KIND PC_LIBS PC_LIBS_PRIVATE)
  configure_file(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/tconv.pc.in ${made_dir}/${PC_NAME}.pc @ONLY)
  install(FILES ${made_dir}/${PC_NAME}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
install_pc(tconv "" "-L\${libdir} -ltconv" "${static_libs}")
install_pc(tconv-static ", as an archive" "\${libdir}/libtconv.a ${static_libs}" "")

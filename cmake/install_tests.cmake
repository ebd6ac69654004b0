# ctest's install_*: tests/install.sh, its steps in the order that they need, and tests/library_file.sh.
find_program(PKG_CONFIG pkg-config)
foreach(step prefix find_package pkg_config part kernels cross)
  add_test(NAME install_${step} COMMAND ${PROJECT_SOURCE_DIR}/tests/install.sh ${step} ${PROJECT_BINARY_DIR}
           ${PROJECT_SOURCE_DIR}/examples ${PROJECT_BINARY_DIR}/install-test)
  set_tests_properties(install_${step} PROPERTIES TIMEOUT 300 ENVIRONMENT
    "CC=${CMAKE_C_COMPILER};CXX=${CMAKE_CXX_COMPILER};CFLAGS=${CMAKE_C_FLAGS};CXXFLAGS=${CMAKE_CXX_FLAGS}")
endforeach()
set(pool_library "$<$<BOOL:${TCONV_TBB}>:libtbb\\.so\\.12>")
add_test(NAME install_library_file COMMAND ${PROJECT_SOURCE_DIR}/tests/library_file.sh
         ${PROJECT_BINARY_DIR}/install-test/moved "${CMAKE_BUILD_TYPE}" "${pool_library}" ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR})
set_tests_properties(install_library_file PROPERTIES FIXTURES_REQUIRED installed SKIP_RETURN_CODE 77
                     ENVIRONMENT "CXXFLAGS=${CMAKE_CXX_FLAGS}")
set_tests_properties(install_prefix PROPERTIES FIXTURES_SETUP installed)
set_tests_properties(install_find_package install_pkg_config install_part install_kernels install_cross PROPERTIES FIXTURES_REQUIRED installed)
set_tests_properties(install_cross PROPERTIES SKIP_RETURN_CODE 77)
if(NOT PKG_CONFIG)
  message(STATUS "pkg-config is missing: the tests install_pkg_config and install_part are left out")
  set_tests_properties(install_pkg_config install_part PROPERTIES DISABLED TRUE)
endif()

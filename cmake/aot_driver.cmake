# The driver of ahead-of-time libraries, inside our library as data: aot_driver_source.cmake's C file compiled for any
# x86-64, and its header. As a script it writes the C++ file.
if(CMAKE_SCRIPT_MODE_FILE)
  set(all "// Made by cmake/aot_driver.cmake.\n#include \"runtime/aot/driver.h\"\n\nnamespace tconv::runtime {\nnamespace {\n")
  foreach(part object header)
    file(READ ${${part}} bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(APPEND all "constexpr unsigned char k_${part}[] = {${bytes}};\n")
  endforeach()
  string(APPEND all "}  // namespace\n")
  foreach(part object header)
    string(APPEND all "std::string_view driver_${part}() {\n"
           "  return {reinterpret_cast<const char*>(k_${part}), sizeof k_${part}};\n}\n")
  endforeach()
  file(WRITE ${OUT} "${all}}  // namespace tconv::runtime\n")
  return()
endif()

set(folder ${PROJECT_SOURCE_DIR}/runtime/aot)
set(made ${PROJECT_BINARY_DIR}/aot)
file(MAKE_DIRECTORY ${made})
set(source ${CMAKE_CURRENT_LIST_DIR}/aot_driver_source.cmake)
include(${source})
list(TRANSFORM aot_driver_parts PREPEND ${folder}/)
add_custom_command(OUTPUT ${made}/tconv_aot_driver.c
  COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DOUT=${made}/tconv_aot_driver.c -P ${source}
  DEPENDS ${aot_driver_parts} ${source} VERBATIM)
add_library(tconv_aot_driver OBJECT ${made}/tconv_aot_driver.c)
set_target_properties(tconv_aot_driver PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF)
target_include_directories(tconv_aot_driver PRIVATE ${folder})
# Whatever the build is for, this runs in other people's programs: nothing that needs a runtime library, no instruction
# beyond x86-64's first, the sums of filter transforms as they are written.
target_compile_options(tconv_aot_driver PRIVATE -O2 -g0 -march=x86-64 -ffreestanding -fPIC -fno-stack-protector
  -ffp-contract=off -fno-fast-math -fcf-protection=full -fno-sanitize=all -fno-lto
  $<$<C_COMPILER_ID:GNU>:-fno-tree-loop-distribute-patterns>)
add_custom_command(OUTPUT ${made}/driver.cpp
  COMMAND ${CMAKE_COMMAND} -Dobject=$<TARGET_OBJECTS:tconv_aot_driver>
          -Dheader=${folder}/tconv_aot.h -DOUT=${made}/driver.cpp
          -P ${CMAKE_CURRENT_LIST_FILE}
  DEPENDS $<TARGET_OBJECTS:tconv_aot_driver> ${folder}/tconv_aot.h ${CMAKE_CURRENT_LIST_FILE} VERBATIM)
set(TCONV_AOT_DRIVER ${made}/driver.cpp)

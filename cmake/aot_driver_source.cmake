# The driver of ahead-of-time libraries as one C file: runtime/aot/run.c with what it includes. As a script it writes
# OUT, of what lies in FOLDER: the C file, or with CPP=1 a C++ file that has its text as data.
set(aot_driver_parts tconv_aot.h layer.h features.c surroundings.c pack.c run.c)
if(NOT CMAKE_SCRIPT_MODE_FILE)
  return()
endif()

# GCC makes calls of memset out of loops, which nothing here should need; a stack protector needs a runtime as well.
set(all "/* What is called around the kernels of a tconv library. Compiled with it where it is not inside. */
#if defined(__FAST_MATH__)
#error \"tconv_aot_driver.c: transformed filters would have other bits with -ffast-math\"
#endif
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize(\"no-tree-loop-distribute-patterns\")
#endif
")
foreach(part ${aot_driver_parts})
  file(READ ${FOLDER}/${part} text)
  string(REGEX REPLACE "#include \"[^\n]*\n" "" text "${text}")
  string(APPEND all "${text}")
endforeach()
if(CPP)
  string(HEX "${all}" bytes)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  set(all "// Made by cmake/aot_driver_source.cmake.
#include \"jit/llvm/interface.h\"

namespace tconv::jit {
namespace {
constexpr char k_text[] = {${bytes}};
}  // namespace
std::string_view aot_driver_source() { return {k_text, sizeof k_text}; }
}  // namespace tconv::jit
")
endif()
file(WRITE ${OUT} "${all}")

// NAME.cmake: the library as a target of CMake.
#include <fmt/format.h>

#include "runtime/aot/texts.h"

namespace tconv::runtime {
namespace {

// What it is compiled with decides about bits: docs/aot.md.
constexpr const char* kDriver =
    "  if(NOT TARGET tconv_aot_driver)\n"
    "    add_library(tconv_aot_driver STATIC ${{CMAKE_CURRENT_LIST_DIR}}/{0})\n"
    "    target_compile_options(tconv_aot_driver PRIVATE -O2 -ffreestanding -ffp-contract=off "
    "-fno-fast-math -fno-stack-protector)\n"
    "    set_target_properties(tconv_aot_driver PROPERTIES POSITION_INDEPENDENT_CODE ON)\n"
    "  endif()\n";

}  // namespace

std::string cmake_text(const LibraryFacts& library) {
  const bool driver = !library.driver.empty(), shared = library.type == "shared";
  std::string text = fmt::format(
      "# include() this file: target_link_libraries(PROGRAM PRIVATE {0}) then gives it the kernels "
      "and their header.\n"
      "if(NOT TARGET {0})\n",
      library.name);
  if (driver) text += fmt::format(fmt::runtime(kDriver), library.driver);
  if (library.type == "object") {
    text += fmt::format(
        "  add_library({0} INTERFACE IMPORTED GLOBAL)\n"
        "  set_target_properties({0} PROPERTIES\n"
        "    INTERFACE_LINK_LIBRARIES \"${{CMAKE_CURRENT_LIST_DIR}}/{1}\"\n",
        library.name, library.linked);
  } else {
    text += fmt::format(
        "  add_library({0} {1} IMPORTED GLOBAL)\n"
        "  set_target_properties({0} PROPERTIES\n"
        "    IMPORTED_LOCATION ${{CMAKE_CURRENT_LIST_DIR}}/{2}\n{3}",
        library.name, shared ? "SHARED" : "STATIC", library.linked,
        driver ? "    INTERFACE_LINK_LIBRARIES tconv_aot_driver\n" : "");
  }
  return text + "    INTERFACE_INCLUDE_DIRECTORIES ${CMAKE_CURRENT_LIST_DIR})\nendif()\n";
}

}  // namespace tconv::runtime

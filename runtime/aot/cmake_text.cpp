// NAME.cmake: the library as a target of CMake.
#include <fmt/format.h>

#include "runtime/aot/texts.h"

namespace tconv::runtime {

std::string cmake_text(const LibraryFacts& library) {
  std::string text = fmt::format(
      "# include() this file: target_link_libraries(PROGRAM PRIVATE {0}) then gives it the kernels "
      "and their header.\n"
      "if(NOT TARGET {0})\n"
      "  add_library({0} STATIC IMPORTED GLOBAL)\n"
      "  set_target_properties({0} PROPERTIES\n"
      "    IMPORTED_LOCATION ${{CMAKE_CURRENT_LIST_DIR}}/lib{0}.a\n"
      "    INTERFACE_INCLUDE_DIRECTORIES ${{CMAKE_CURRENT_LIST_DIR}})\n",
      library.name);
  return text + "endif()\n";
}

}  // namespace tconv::runtime

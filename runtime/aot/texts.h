// The text files of a library that was compiled ahead of time.
#pragma once

#include <string>
#include <vector>

#include "runtime/aot/layer_code.h"

namespace tconv::runtime {

struct LibraryFacts {
  std::string name, triple, cpu, type;
  std::string linked;  // the file that programs are linked with
  std::string driver;  // the C file that is compiled with them; empty: it is inside
  std::vector<LayerCode> layers;
  std::vector<std::string> files;  // all files but the manifest
};

std::string header_text(const LibraryFacts& library);
std::string cmake_text(const LibraryFacts& library);
std::string manifest_text(const LibraryFacts& library);

}  // namespace tconv::runtime

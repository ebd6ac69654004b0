// Files of weights for tests: the shipped ones, bytes, and layers to load into.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tconv/keras_files.hpp"
#include "tests/support/front_error.h"
#include "tests/support/temporary_folder.h"

namespace tconv::tests {

inline std::string keras_data(const std::string& name) {
  return TCONV_SOURCE_DIR "/tests/data/keras/" + name;
}

inline std::string bytes_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// The layer `up` of upsample.keras, as a program would write it, not built.
inline keras::LayerArguments up_arguments() {
  return {.filters = 6,
          .kernel_size = 4,
          .strides = 2,
          .padding = "same",
          .activation = "gelu",
          .name = "up"};
}

inline const OwnedTensor& named(const std::vector<keras::NamedTensor>& all,
                                const std::string& name) {
  for (const keras::NamedTensor& each : all)
    if (each.name == name) return each.tensor;
  throw std::runtime_error("no array " + name);
}

inline bool same_bits(const TensorView& a, const TensorView& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.data(), b.data(),
                     static_cast<std::size_t>(a.elements()) * bytes(a.dtype())) == 0;
}

}  // namespace tconv::tests

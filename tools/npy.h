// NPY files, format 1.0 to 3.0: little-endian, C order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/buffer.h"
#include "tools/shape.h"

namespace tconv::tools {

struct NpyArray {
  std::string descr;  // as "<f4"
  std::vector<std::int64_t> shape;
  Buffer data;
};

// Throws UsageError naming the file and why: missing, not NPY, truncated, trailing bytes, Fortran
// order.
NpyArray read_npy(const std::string& path);

// Writes to a temporary beside `path` and renames, so that the file is whole or not there. Throws
// UsageError.
void write_npy(const std::string& path, const std::string& descr,
               const std::vector<std::int64_t>& shape, const void* data, std::size_t bytes);

// The NPY type of an element type: <f4 <f8 <f2 <i4; bf16 has none and travels as its bits, <u2.
std::string npy_descr(Type type);

std::string shape_text(const std::vector<std::int64_t>& shape);  // "[1, 2, 3]"

}  // namespace tconv::tools

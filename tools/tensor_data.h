// Seeded data for a problem: all tensors of one run.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/buffer.h"
#include "tools/definition.h"
#include "tools/shape.h"

namespace tconv::tools {

// 64-byte aligned, sized by the shape's counts (input_elements ...); gaps of pixel strides hold
// data too.
struct TensorData {
  Buffer input, filter, bias;
  std::vector<Buffer> operands;
  Buffer output;  // every byte 0xff, which is NaN in every floating type
  Tensors view() const;
};

// Uniform in -1..1 (i32: integers -8..8); the same seed gives the same values in every type that
// holds them.
TensorData random_data(const Shape& shape, std::uint64_t seed);

}  // namespace tconv::tools

// Sums of the products that land on one output pixel: the inner part of the definition.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tools/shape.h"

namespace tconv::tools {

// Sum of products, sum of their magnitudes, and how many there were.
struct Sum {
  double value = 0, magnitude = 0;
  double count = 0;
};

// Copies input and filter with the channels of a group innermost, in the width that the sum needs:
// float for f32 f16 bf16 (summed in double), double for f64 (summed in long double), int32 (summed
// exactly, wrapping to 32 bits). Where the problem says sum=f16, value is the sum in halves: each
// product added exactly and rounded, taps outermost axis first, then input channels.
class Gather {
 public:
  virtual ~Gather() = default;
  // `coordinates`: n, then the spatial axes of the output; `out` has oc entries. Sums of f16 begin
  // with the values that are there.
  virtual void pixel(const std::int64_t* coordinates, Sum* out) const = 0;
};

std::unique_ptr<Gather> make_gather(const Shape& shape, const void* input, const void* filter);

// Pairs (x, t) of one axis with x*s + t*d - p == o, for each o.
struct Pair {
  std::int64_t x = 0, t = 0;
};
std::vector<std::vector<Pair>> axis_pairs(const Shape& shape, std::size_t axis);

}  // namespace tconv::tools

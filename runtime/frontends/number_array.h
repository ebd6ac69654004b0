// Tensors of the four floating types as arrays of double, and back with one rounding: for what runs
// beside the kernel, where speed is not asked for.
#pragma once

#include <vector>

#include "tconv/tensor.hpp"

namespace tconv::frontends {

bool is_floating(DType dtype);  // float16 bfloat16 float32 float64

// In row-major order. Of a floating type, or int32.
std::vector<double> to_numbers(const TensorView& view);
OwnedTensor from_numbers(const std::vector<double>& numbers, DType dtype, const Dims& shape);

// A dense copy of another floating type, each element rounded once (to half by way of float, as
// TensorFlow casts).
OwnedTensor cast(const TensorView& view, DType dtype);

}  // namespace tconv::frontends

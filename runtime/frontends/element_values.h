// Tensors of floating types as float64, and back with one rounding.
#pragma once

#include <string_view>
#include <vector>

#include "tconv/tensor.hpp"

namespace tconv::frontends {

// Row-major, whatever the strides. Throws TypeError blaming `argument` for other types.
std::vector<double> floating_values(const TensorView& tensor, std::string_view argument);

// To nearest even; for int32 the values must be integers that fit.
OwnedTensor tensor_of(DType dtype, const Dims& shape, const std::vector<double>& values);

// The value as the type holds it.
double rounded(DType dtype, double value);

}  // namespace tconv::frontends

// The activations that look at a whole axis, in float64, rounded once.
#pragma once

#include <optional>

#include "tconv/tensor.hpp"

namespace tconv::frontends {

// `axis` counts from the end where it is negative; none: over all elements. Throws ValueError
// blaming `axis` where the tensor has no such axis.
OwnedTensor softmax(const TensorView& x, std::optional<std::int64_t> axis);
OwnedTensor log_softmax(const TensorView& x, std::optional<std::int64_t> axis);
// The projection onto the simplex (Martins and Astudillo, 2016).
OwnedTensor sparsemax(const TensorView& x, std::int64_t axis);
// a * sigmoid(b) of the two halves. Throws ValueError blaming `x` for an odd length.
OwnedTensor glu(const TensorView& x, std::int64_t axis);

}  // namespace tconv::frontends

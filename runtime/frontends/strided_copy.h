// Between a view with any strides and dense memory.
#pragma once

#include "tconv/tensor.hpp"

namespace tconv::frontends {

// `dense` holds elements() * bytes(dtype) and does not overlap with the view's memory.
void copy_to_dense(const TensorView& view, void* dense);
void copy_from_dense(const void* dense, const MutableTensorView& view);

}  // namespace tconv::frontends

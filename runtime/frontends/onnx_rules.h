// ONNX' ConvTranspose: from inputs and attributes to a problem, or to what is wrong with them.
#pragma once

#include "runtime/frontends/layer.h"
#include "tconv/onnx.hpp"

namespace tconv::frontends {

// Looks at types and shapes alone. Throws FrontError.
Layer resolve_onnx(const TensorView& x, const TensorView& w, const TensorView& b,
                   const onnx::ConvTransposeAttributes& attributes);

}  // namespace tconv::frontends

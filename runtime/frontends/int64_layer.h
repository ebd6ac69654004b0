// Layers of int64, which PyTorch computes and no kernel of ours does.
#pragma once

#include "runtime/frontends/layer.h"

namespace tconv::frontends {

// The definition, added up one product after the other; sums wrap around. All tensors are int64,
// the layer's layouts channels-first with a torch filter; the output is dense and of the layer's
// shape.
void run_int64_layer(const Layer& layer, const TensorView& input, const TensorView& filter,
                     const TensorView& bias, const MutableTensorView& output);

}  // namespace tconv::frontends

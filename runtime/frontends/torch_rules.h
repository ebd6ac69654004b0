// PyTorch's conv_transposeNd and nn.ConvTransposeNd: from arguments to a problem, or to what is
// wrong with them.
#pragma once

#include <span>

#include "runtime/frontends/layer.h"
#include "tconv/torch.hpp"

namespace tconv::frontends {

// Looks at types and shapes alone. An input without batch has n = 1; int64 is a layer that no
// problem line can name. Throws FrontError.
Layer resolve_torch(std::size_t axes, const TensorView& input, const TensorView& weight,
                    const TensorView& bias, const torch::Parameters& parameters);

// One number for each axis. Throws FrontError where there are more or fewer (and not one), or one
// is outside of least..2^59.
Dims spread(const char* argument, const torch::Sizes& sizes, std::size_t axes, std::int64_t least);

// What the constructor of nn.ConvTransposeNd checks.
void check_module(std::size_t axes, const torch::ModuleOptions& options);

// The output_padding that makes the output `output_size` long. Throws FrontError.
Dims output_padding_of(std::size_t axes, const torch::ModuleOptions& options,
                       const TensorView& input, std::span<const std::int64_t> output_size);

}  // namespace tconv::frontends

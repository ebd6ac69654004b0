#include "tconv/torch.hpp"

#include "runtime/error.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/int64_layer.h"
#include "runtime/frontends/torch_rules.h"

namespace tconv::torch {
namespace {

// As it is, or without its first axis (of length 1), or with one.
Dims shape_of_axes(const Dims& shape, std::size_t axes) {
  Dims out;
  if (axes > shape.size()) out.push_back(1);
  for (std::size_t a = shape.size() > axes ? 1 : 0; a < shape.size(); ++a) out.push_back(shape[a]);
  return out;
}

TensorView batched(const TensorView& input, std::size_t axes) {
  if (input.rank() == axes) return input;
  return {input.data(), input.dtype(), shape_of_axes(input.shape(), axes),
          shape_of_axes(input.strides(), axes)};
}

// `packed` is null or has the weight.
OwnedTensor conv_transpose(std::size_t axes, const TensorView& input, const TensorView& weight,
                           const PackedFilters* packed, const TensorView& bias,
                           const Parameters& parameters, const Options& options) {
  return runtime::guarded([&] {
    const frontends::Layer layer = frontends::resolve_torch(axes, input, weight, bias, parameters);
    const TensorView x = batched(input, axes + 2);
    const bool wide = layer.dtype == DType::i64;
    const frontends::LayerTensors tensors = {x, weight, packed, bias, {}};
    if (!wide && x.rank() == input.rank())
      return frontends::run_layer(layer, tensors, options, "weight");
    if (!element_count(layer.output_shape()))
      frontends::invalid_argument("weight", "the output {} has more than 2^63 elements",
                                  text(layer.output_shape()));
    OwnedTensor output =
        OwnedTensor::uninitialized(layer.dtype, shape_of_axes(layer.output_shape(), input.rank()));
    const MutableTensorView y(output.data(), layer.dtype, layer.output_shape());
    if (wide)
      frontends::run_int64_layer(layer, x, weight, bias, y);
    else
      frontends::run_layer(layer, tensors, y, options, "weight");
    return output;
  });
}

}  // namespace

OwnedTensor conv_transpose1d(const TensorView& input, const TensorView& weight,
                             const TensorView& bias, const Parameters& parameters,
                             const Options& options) {
  return conv_transpose(1, input, weight, nullptr, bias, parameters, options);
}

OwnedTensor conv_transpose2d(const TensorView& input, const TensorView& weight,
                             const TensorView& bias, const Parameters& parameters,
                             const Options& options) {
  return conv_transpose(2, input, weight, nullptr, bias, parameters, options);
}

OwnedTensor conv_transpose3d(const TensorView& input, const TensorView& weight,
                             const TensorView& bias, const Parameters& parameters,
                             const Options& options) {
  return conv_transpose(3, input, weight, nullptr, bias, parameters, options);
}

OwnedTensor conv_transpose1d(const TensorView& input, const PackedFilters& weight,
                             const TensorView& bias, const Parameters& parameters,
                             const Options& options) {
  return conv_transpose(1, input, weight.view(), &weight, bias, parameters, options);
}

OwnedTensor conv_transpose2d(const TensorView& input, const PackedFilters& weight,
                             const TensorView& bias, const Parameters& parameters,
                             const Options& options) {
  return conv_transpose(2, input, weight.view(), &weight, bias, parameters, options);
}

OwnedTensor conv_transpose3d(const TensorView& input, const PackedFilters& weight,
                             const TensorView& bias, const Parameters& parameters,
                             const Options& options) {
  return conv_transpose(3, input, weight.view(), &weight, bias, parameters, options);
}

std::string problem_line(int axes, const TensorView& input, const TensorView& weight,
                         const TensorView& bias, const Parameters& parameters) {
  return runtime::guarded([&] {
    if (axes < 1 || axes > 3) frontends::value_error("axes", "1 to 3 are allowed, got {}", axes);
    const frontends::Layer layer =
        frontends::resolve_torch(static_cast<std::size_t>(axes), input, weight, bias, parameters);
    if (layer.dtype == DType::i64)
      frontends::unimplemented("input", "int64 is computed without a problem");
    return frontends::problem_line(layer, bias.dtype());
  });
}

}  // namespace tconv::torch

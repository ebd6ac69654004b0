#include "runtime/error.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/torch_rules.h"

namespace tconv::torch {
namespace {

std::size_t checked_axes(int axes) {
  if (axes < 1 || axes > 3) frontends::value_error("axes", "1 to 3 are allowed, got {}", axes);
  return static_cast<std::size_t>(axes);
}

Dims weight_shape(std::size_t axes, const ModuleOptions& options) {
  Dims shape = {options.in_channels, options.out_channels / options.groups};
  for (std::int64_t k : frontends::spread("kernel_size", options.kernel_size, axes, 1))
    shape.push_back(k);
  if (!element_count(shape))
    frontends::value_error("kernel_size", "a weight {} has more than 2^63 elements", text(shape));
  return shape;
}

// Shape and type must be those of the module's tensor.
void check_same(const TensorView& tensor, const char* argument, const TensorView& given) {
  if (!tensor.has_value()) frontends::value_error(argument, "the module was made without one");
  if (!given.has_value()) frontends::type_error(argument, "a tensor is needed");
  if (given.shape() != tensor.shape() || given.dtype() != tensor.dtype())
    frontends::value_error(argument, "it is {}{}; the module has {}{}", name(given.dtype()),
                           text(given.shape()), name(tensor.dtype()), text(tensor.shape()));
}

OwnedTensor zero_weight(int axes, const ModuleOptions& options) {
  return runtime::guarded([&] {
    const std::size_t count = checked_axes(axes);
    frontends::check_module(count, options);
    return OwnedTensor(options.dtype, weight_shape(count, options));
  });
}

}  // namespace

ConvTranspose::ConvTranspose(int axes, const ModuleOptions& options)
    : axes_(axes), options_(options), weight_(zero_weight(axes, options)) {
  if (options.bias) bias_ = OwnedTensor(options.dtype, {options.out_channels});
}

void ConvTranspose::set_weight(const TensorView& weight) {
  runtime::guarded([&] {
    check_same(weight_.view(), "weight", weight);
    weight_ = PackedFilters(weight);
  });
}

void ConvTranspose::set_bias(const TensorView& bias) {
  runtime::guarded([&] {
    check_same(bias_, "bias", bias);
    bias_ = OwnedTensor::copy(bias);
  });
}

OwnedTensor ConvTranspose::forward(const TensorView& input,
                                   const std::vector<std::int64_t>& output_size,
                                   const Options& options) const {
  return runtime::guarded([&] {
    Parameters parameters = {options_.stride, options_.padding, options_.output_padding,
                             options_.groups, options_.dilation};
    if (!output_size.empty()) {
      const Dims chosen = frontends::output_padding_of(static_cast<std::size_t>(axes_), options_,
                                                       input, output_size);
      parameters.output_padding = std::vector(chosen.begin(), chosen.end());
    }
    if (axes_ == 1) return conv_transpose1d(input, weight_, bias_, parameters, options);
    if (axes_ == 2) return conv_transpose2d(input, weight_, bias_, parameters, options);
    return conv_transpose3d(input, weight_, bias_, parameters, options);
  });
}

}  // namespace tconv::torch

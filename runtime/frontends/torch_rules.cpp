#include "runtime/frontends/torch_rules.h"

#include <algorithm>

#include "runtime/frontends/fail.h"
#include "runtime/frontends/natural_length.h"

namespace tconv::frontends {
namespace {

void check_types(const TensorView& input, const TensorView& weight, const TensorView& bias) {
  const DType type = input.dtype();
  if (type != DType::f16 && type != DType::bf16 && type != DType::f32 && type != DType::f64 &&
      type != DType::i64)
    unimplemented("input",
                  "its type is {}; there are float16, bfloat16, float32, float64 and int64",
                  name(type));
  if (weight.dtype() != type)
    invalid_argument("weight", "its type is {}; input has {}", name(weight.dtype()), name(type));
  if (bias.has_value() && bias.dtype() != type)
    invalid_argument("bias", "its type is {}; input has {}", name(bias.dtype()), name(type));
}

void check_ranks(std::size_t axes, const TensorView& input, const TensorView& weight) {
  if (!input.has_value()) type_error("input", "a tensor is needed");
  if (!weight.has_value()) type_error("weight", "a tensor is needed");
  if (weight.rank() != axes + 2)
    invalid_argument("weight", "[C, out/groups, k..] with {} axes is needed, got {}", axes + 2,
                     text(weight.shape()));
  if (input.rank() != axes + 1 && input.rank() != axes + 2)
    invalid_argument("input", "{} axes, or {} without a batch, are needed, got {}", axes + 2,
                     axes + 1, text(input.shape()));
}

void check_channels(std::int64_t channels, const TensorView& input, const TensorView& weight,
                    const TensorView& bias, std::int64_t groups) {
  if (groups < 1) invalid_argument("groups", "it must be at least 1, got {}", groups);
  const std::int64_t of_weight = weight.shape()[0];
  std::int64_t outputs = 0;
  if (of_weight < 1 || weight.shape()[1] < 1)
    invalid_argument("weight", "it must have channels, got {}", text(weight.shape()));
  if (of_weight % groups != 0)
    invalid_argument("groups", "{} does not divide the {} input channels of weight {}", groups,
                     of_weight, text(weight.shape()));
  if (of_weight != channels)
    invalid_argument("weight", "its first axis must be the {} channels of input {}, got {}",
                     channels, text(input.shape()), text(weight.shape()));
  if (__builtin_mul_overflow(weight.shape()[1], groups, &outputs))
    invalid_argument("weight", "its second axis by groups is impossibly large, got {}",
                     text(weight.shape()));
  if (bias.has_value() && (bias.rank() != 1 || bias.shape()[0] != outputs))
    invalid_argument("bias", "[{}] is needed, one value per output channel, got {}", outputs,
                     text(bias.shape()));
}

// Input and kernel of every axis, which must not be empty.
void set_lengths(Layer& out, const TensorView& input, const TensorView& weight, std::size_t axes) {
  for (std::size_t a = 0; a < axes; ++a) {
    const std::int64_t k = weight.shape()[a + 2];
    const std::int64_t i = input.shape()[input.rank() - axes + a];
    if (k < 1 || k > kLargest)
      invalid_argument("weight", "its kernel must have a length on every axis, got {}",
                       text(weight.shape()));
    if (i < 1 || i > kLargest)
      invalid_argument("input", "its axes must have a length (only a batch may be 0), got {}",
                       text(input.shape()));
    out.k[a] = k;
    out.i[a] = i;
  }
}

}  // namespace

Dims spread(const char* argument, const torch::Sizes& sizes, std::size_t axes, std::int64_t least) {
  const std::vector<std::int64_t>& values = sizes.values();
  if (values.size() != 1 && values.size() != axes)
    invalid_argument(argument, "one number or {} are needed, got {}", axes, text(values));
  Dims out;
  for (std::size_t a = 0; a < axes; ++a) {
    const std::int64_t value = values[values.size() == 1 ? 0 : a];
    if (value < least || value > kLargest)
      invalid_argument(argument, "numbers from {} to 2^59 are allowed, got {}", least,
                       text(values));
    out.push_back(value);
  }
  return out;
}

Layer resolve_torch(std::size_t axes, const TensorView& input, const TensorView& weight,
                    const TensorView& bias, const torch::Parameters& parameters) {
  check_ranks(axes, input, weight);
  check_types(input, weight, bias);
  const Dims output_padding = spread("output_padding", parameters.output_padding, axes, 0);
  const Dims stride = spread("stride", parameters.stride, axes, 1);
  const Dims padding = spread("padding", parameters.padding, axes, 0);
  const Dims dilation = spread("dilation", parameters.dilation, axes, 1);
  const bool batched = input.rank() == axes + 2;
  const std::int64_t channels = input.shape()[batched ? 1 : 0];
  check_channels(channels, input, weight, bias, parameters.groups);
  Layer out;
  out.dtype = input.dtype();
  out.rank = static_cast<int>(axes);
  out.channels_first = out.torch_filter = true;
  out.n = batched ? input.shape()[0] : 1;
  out.g = parameters.groups;
  out.ic = channels;
  out.oc = weight.shape()[1] * parameters.groups;
  set_lengths(out, input, weight, axes);
  for (std::size_t a = 0; a < axes; ++a) {
    if (output_padding[a] >= std::max(stride[a], dilation[a]))
      invalid_argument("output_padding", "{} must be smaller than stride {} or dilation {}",
                       output_padding[a], stride[a], dilation[a]);
    const std::int64_t full =
        natural_length(out.i[a], out.k[a], stride[a], dilation[a], "stride", "dilation") +
        output_padding[a];
    out.s[a] = stride[a];
    out.d[a] = dilation[a];
    out.p[a] = padding[a];
    out.o[a] = full - 2 * padding[a];
    if (out.o[a] < 1)
      invalid_argument("padding", "{} on both sides leaves {} of {} positions", padding[a],
                       out.o[a], full);
  }
  return out;
}

void check_module(std::size_t axes, const torch::ModuleOptions& options) {
  if (options.groups < 1) value_error("groups", "it must be at least 1, got {}", options.groups);
  if (options.in_channels < 1 || options.in_channels > kLargest)
    value_error("in_channels", "1 to 2^59 are allowed, got {}", options.in_channels);
  if (options.out_channels < 1 || options.out_channels > kLargest)
    value_error("out_channels", "1 to 2^59 are allowed, got {}", options.out_channels);
  if (options.in_channels % options.groups != 0)
    value_error("groups", "{} does not divide in_channels={}", options.groups, options.in_channels);
  if (options.out_channels % options.groups != 0)
    value_error("groups", "{} does not divide out_channels={}", options.groups,
                options.out_channels);
  if (options.padding_mode != "zeros")
    value_error("padding_mode", "only zeros is allowed, got '{}'", options.padding_mode);
  if (!is_computed(options.dtype) || options.dtype == DType::i32)
    type_error("dtype", "float16, bfloat16, float32, float64 are allowed, got {}",
               name(options.dtype));
  spread("kernel_size", options.kernel_size, axes, 1);
  spread("stride", options.stride, axes, 1);
  spread("padding", options.padding, axes, 0);
  spread("output_padding", options.output_padding, axes, 0);
  spread("dilation", options.dilation, axes, 1);
}

Dims output_padding_of(std::size_t axes, const torch::ModuleOptions& options,
                       const TensorView& input, std::span<const std::int64_t> output_size) {
  if (input.rank() != axes + 1 && input.rank() != axes + 2)
    invalid_argument("input", "{} axes, or {} without a batch, are needed, got {}", axes + 2,
                     axes + 1, text(input.shape()));
  if (output_size.size() != axes && output_size.size() != input.rank())
    value_error("output_size", "{} or {} numbers are needed, got {}", axes, input.rank(),
                text(output_size));
  const Dims k = spread("kernel_size", options.kernel_size, axes, 1);
  const Dims s = spread("stride", options.stride, axes, 1);
  const Dims p = spread("padding", options.padding, axes, 0);
  const Dims d = spread("dilation", options.dilation, axes, 1);
  Dims least, most, out;
  bool fits = true;
  for (std::size_t a = 0; a < axes; ++a) {
    const std::int64_t wanted = output_size[output_size.size() - axes + a];
    const std::int64_t i = std::min(input.shape()[input.rank() - axes + a], kLargest);
    least.push_back(natural_length(i, k[a], s[a], d[a], "stride", "dilation") - 2 * p[a]);
    most.push_back(least[a] + s[a] - 1);
    fits = fits && wanted >= least[a] && wanted <= most[a];
    out.push_back(fits ? wanted - least[a] : 0);
  }
  if (!fits)
    value_error("output_size", "from {} to {} is allowed for an input {}, got {}", text(least),
                text(most), text(input.shape()), text(output_size));
  return out;
}

}  // namespace tconv::frontends

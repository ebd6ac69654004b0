// Calling a Keras layer: its checks, in Keras' and then TensorFlow's order, and the problem that it
// means.
#include <algorithm>

#include "runtime/frontends/fail.h"
#include "runtime/frontends/keras_activation.h"
#include "runtime/frontends/keras_layer.h"
#include "runtime/frontends/number_array.h"
#include "runtime/frontends/strided_copy.h"

namespace tconv::frontends {
namespace {

__extension__ using Wide = __int128;
constexpr Wide kMost = Wide{1} << 59;  // of a problem line

std::int64_t checked(Wide length, const char* argument) {
  if (length > kMost || length < -kMost)
    invalid_argument(argument, "a size of the output is beyond 2^59");
  return static_cast<std::int64_t>(length);
}

}  // namespace

// deconv_output_length, SEMANTICS 4.1.
std::int64_t KerasLayer::output_length(std::size_t axis, std::int64_t input) const {
  const KerasArguments& a = arguments_;
  const Wide i = input, s = a.strides[axis];
  const Wide ke = (Wide{a.kernel_size[axis]} - 1) * a.dilation_rate[axis] + 1;
  Wide o = 0;
  if (!a.output_padding)
    o = a.same ? i * s : i * s + std::max(ke - s, Wide{0});
  else if (a.same)
    o = (i - 1) * s + ke % 2 + (*a.output_padding)[axis];
  else
    o = (i - 1) * s + ke + (*a.output_padding)[axis];
  return checked(o, "input");
}

keras::Shape KerasLayer::output_shape(const keras::Shape& input) const {
  const auto axes = static_cast<std::size_t>(arguments_.rank);
  if (input.size() != axes + 2)
    value_error("input_shape", "{} axes are needed, got {}", axes + 2, input.size());
  for (const auto& size : input)
    if (size && *size < 0) value_error("input_shape", "a size is negative: {}", *size);
  check_call();
  keras::Shape out = input;
  const Value& filters = arguments_.filters;
  std::optional<std::int64_t> channels;
  if (filters.integer() != nullptr) channels = *filters.integer();
  out[channel_axis(input.size())] = channels;
  const std::size_t first = arguments_.channels_first ? 2 : 1;
  for (std::size_t axis = 0; axis < axes; ++axis)
    if (input[first + axis]) out[first + axis] = output_length(axis, *input[first + axis]);
  return out;
}

// What Keras' constructor lets pass and its call does not.
void KerasLayer::check_call() const {
  const KerasArguments& a = arguments_;
  if (a.padding.list() != nullptr)
    type_error("padding", "\"valid\" or \"same\" is needed, got {}", a.padding.text());
  const auto integers_only = [](const KerasTuple& tuple, const char* name) {
    if (tuple.has_float) type_error(name, "integers are needed, got {}", tuple.given.text());
  };
  integers_only(a.strides, "strides");
  integers_only(a.dilation_rate, "dilation_rate");
  if (a.output_padding) integers_only(*a.output_padding, "output_padding");
}

void KerasLayer::check_input(const TensorView& input) const {
  const KerasArguments& a = arguments_;
  if (!input.has_value()) value_error("input", "a tensor is needed, got none");
  const auto axes = static_cast<std::size_t>(a.rank) + 2;
  if (input.rank() != axes)
    value_error("input",
                "Input 0 of layer '{}' is incompatible with the layer: expected ndim={}, found "
                "ndim={}. Full shape received: {}",
                a.name, axes, input.rank(), text(input.shape()));
  if (!built()) return;
  const std::size_t channel = channel_axis(axes);
  const std::int64_t wanted = packed_->shape().back();
  if (input.shape()[channel] != wanted)
    value_error("input",
                "Input 0 of layer '{}' is incompatible with the layer: expected axis {} of input "
                "shape to have value {}, but received input with shape {}",
                a.name, a.channels_first ? 1 : -1, wanted, text(input.shape()));
}

Layer KerasLayer::layer(const TensorView& input) const {
  const KerasArguments& a = arguments_;
  const Dims& shape = input.shape();
  const std::size_t channel = channel_axis(shape.size());
  Layer l;
  l.dtype = a.compute;
  l.rank = a.rank;
  l.channels_first = a.channels_first;
  l.n = shape.front();
  l.ic = shape[channel];
  l.oc = packed_->shape()[static_cast<std::size_t>(a.rank)];
  l.post = a.activation.post_op();
  const std::size_t first = a.channels_first ? 2 : 1;
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(a.rank); ++axis) {
    const std::int64_t i = shape[first + axis], k = a.kernel_size[axis], s = a.strides[axis],
                       d = a.dilation_rate[axis], o = output_length(axis, i);
    const Wide natural = (Wide{i} - 1) * s + (Wide{k} - 1) * d + 1;
    if (o < 0) invalid_argument("input", "axis {} of length {} leads to length {}", axis, i, o);
    // The forward convolution of the output must give the input (SEMANTICS 1.2).
    if (a.same && (Wide{o} + s - 1) / s != i)
      invalid_argument("output_padding",
                       "with `same`, a kernel that reaches over {} and an output of {}, axis {} of "
                       "the input would be {} long, not {}",
                       (Wide{k} - 1) * d + 1 > kMost ? std::int64_t{0}
                                                     : static_cast<std::int64_t>((k - 1) * d + 1),
                       o, axis, static_cast<std::int64_t>((Wide{o} + s - 1) / s), i);
    l.i[axis] = i;
    l.o[axis] = o;
    l.k[axis] = k;
    l.s[axis] = i <= 1 ? std::min(s, std::int64_t{1} << 40) : s;
    l.d[axis] = k == 1 ? 1 : d;
    l.p[axis] = a.same && i > 0 && natural > o ? checked((natural - o) / 2, "kernel_size") : 0;
  }
  return l;
}

LayerTensors KerasLayer::tensors(const TensorView& input) const {
  const bool mixed = arguments_.compute != arguments_.variable;
  return {.input = input,
          .filter = packed_->view(),
          .packed = &*packed_,
          .bias = mixed ? compute_bias_.view() : bias_.view()};
}

std::string KerasLayer::problem_line(const TensorView& input) const {
  check_input(input);
  check_call();
  return frontends::problem_line(layer(input), tensors(input).bias.dtype());
}

OwnedTensor KerasLayer::run(const TensorView& input, const Options& options) const {
  check_input(input);
  check_call();
  check_callable(arguments_.activation.insides(), "activation");
  if (!is_floating(input.dtype()))
    invalid_argument("input", "a tensor of type {} is needed, got {}", name(arguments_.compute),
                     name(input.dtype()));
  OwnedTensor converted;
  TensorView x = input;
  if (input.dtype() != arguments_.compute) {
    converted = cast(input, arguments_.compute);
    x = converted.view();
  }
  OwnedTensor y = run_layer(layer(x), tensors(x), options, "input");
  const keras::Activation& activation = arguments_.activation;
  if (activation.is_linear() || !activation.post_op().empty()) return y;
  try {
    return apply_after(*activation.insides(), y.view());
  } catch (const FrontError& e) {
    throw FrontError(e.kind(), "activation", e.what());
  }
}

void KerasLayer::run(const TensorView& input, const MutableTensorView& output,
                     const Options& options) const {
  const keras::Activation& activation = arguments_.activation;
  const bool fused = activation.is_linear() || !activation.post_op().empty();
  if (!fused || !input.has_value() || input.dtype() != arguments_.compute) {
    const OwnedTensor y = run(input, options);
    if (!output.has_value() || output.view().shape() != y.shape() ||
        output.view().dtype() != y.dtype())
      invalid_argument("output", "a {}{} is needed", name(y.dtype()), text(y.shape()));
    copy_from_dense(y.data(), output);
    return;
  }
  check_input(input);
  check_call();
  if (!output.has_value()) invalid_argument("output", "a tensor is needed, got none");
  run_layer(layer(input), tensors(input), output, options, "input");
}

}  // namespace tconv::frontends

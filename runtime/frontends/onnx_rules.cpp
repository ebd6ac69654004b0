#include "runtime/frontends/onnx_rules.h"

#include <algorithm>
#include <string>

#include "runtime/frontends/fail.h"
#include "runtime/frontends/natural_length.h"

namespace tconv::frontends {
namespace {

using Attributes = onnx::ConvTransposeAttributes;
using List = std::optional<std::vector<std::int64_t>>;

void check_types(const TensorView& x, const TensorView& w, const TensorView& b,
                 std::int64_t opset) {
  const DType type = x.dtype();
  const bool is_float = type == DType::f16 || type == DType::f32 || type == DType::f64;
  if (!is_float && !(type == DType::bf16 && opset >= 22))
    invalid_argument("X", "its type is {}; ConvTranspose has float16, float32, float64{}",
                     name(type), opset >= 22 ? " and bfloat16" : ", from opset 22 bfloat16");
  if (w.dtype() != type)
    invalid_argument("W", "its type is {}; X has {}", name(w.dtype()), name(type));
  if (b.has_value() && b.dtype() != type)
    invalid_argument("B", "its type is {}; X has {}", name(b.dtype()), name(type));
}

void check_ranks(const TensorView& x, const TensorView& w) {
  if (!x.has_value()) invalid_argument("X", "a tensor [N, C, D1..Dn] is needed");
  if (!w.has_value()) invalid_argument("W", "a tensor [C, M/group, k1..kn] is needed");
  if (x.rank() < 3)
    invalid_argument("X", "[N, C, D1..Dn] with 1 to 3 spatial axes is needed, got {}",
                     text(x.shape()));
  if (x.rank() > 5) unimplemented("X", "1 to 3 spatial axes are computed, got {}", text(x.shape()));
  if (w.rank() != x.rank())
    invalid_argument("W", "[C, M/group, k1..kn] of the rank of X {} is needed, got {}",
                     text(x.shape()), text(w.shape()));
}

// The numbers of an attribute, or `axes` times the default.
Dims numbers(const char* attribute, const List& given, std::size_t count, std::int64_t least,
             std::int64_t otherwise) {
  Dims out;
  if (!given) {
    for (std::size_t a = 0; a < count; ++a) out.push_back(otherwise);
    return out;
  }
  if (given->size() != count)
    invalid_argument(attribute, "{} numbers are needed, got {}", count, text(*given));
  for (std::int64_t value : *given)
    if (value < least || value > kLargest)
      invalid_argument(attribute, "numbers from {} to 2^59 are allowed, got {}", least,
                       text(*given));
  return Dims(*given);
}

// Crops before the first output; the output's length goes to `o`.
std::int64_t split_surplus(std::int64_t surplus, const std::string& auto_pad) {
  const std::int64_t total = std::max<std::int64_t>(surplus, 0);
  return auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
}

void check_kernel(const TensorView& w, const List& kernel_shape, const Dims& given) {
  for (std::size_t a = 0; a < given.size(); ++a) {
    if (kernel_shape && given[a] != w.shape()[a + 2])
      invalid_argument("kernel_shape", "{} is not that of W {}", text(given), text(w.shape()));
    if (w.shape()[a + 2] < 1 || w.shape()[a + 2] > kLargest)
      invalid_argument("W", "its kernel must have a length on every axis, got {}", text(w.shape()));
  }
}

void check_channels(const TensorView& x, const TensorView& w, const TensorView& b,
                    std::int64_t group) {
  const std::int64_t channels = x.shape()[1];
  if (group < 1 || group > kLargest)
    invalid_argument("group", "it must be at least 1, got {}", group);
  if (channels % group != 0)
    invalid_argument("group", "{} does not divide the {} channels of X {}", group, channels,
                     text(x.shape()));
  if (w.shape()[0] != channels)
    invalid_argument("W", "its first axis must be the {} channels of X {}, got {}", channels,
                     text(x.shape()), text(w.shape()));
  std::int64_t outputs = 0;
  if (w.shape()[1] < 1 || __builtin_mul_overflow(w.shape()[1], group, &outputs))
    invalid_argument("W", "its second axis, output channels by group, must be at least 1, got {}",
                     text(w.shape()));
  if (b.has_value() && (b.rank() != 1 || b.shape()[0] != outputs))
    invalid_argument("B", "[{}] is needed, one value per output channel, got {}", outputs,
                     text(b.shape()));
}

struct Axis {
  std::int64_t i, k, s, d, adj;     // adj: output_padding
  std::int64_t begin = 0, end = 0;  // pads
};

// Sets the output's length and the crop before it.
void resolve_axis(const Axis& axis, const std::string& auto_pad, const std::int64_t* output_length,
                  bool pads_given, std::int64_t& o, std::int64_t& p) {
  const std::int64_t natural =
      natural_length(axis.i, axis.k, axis.s, axis.d, "strides", "dilations");
  if (axis.adj >= std::max(axis.s, axis.d))
    invalid_argument("output_padding", "{} must be less than the stride {} or the dilation {}",
                     axis.adj, axis.s, axis.d);
  const std::int64_t full = natural + axis.adj;
  if (output_length != nullptr) {
    o = *output_length;
    if (o - natural > axis.s - 1)
      invalid_argument("output_shape",
                       "{} is too long: an input of {} with stride {} makes at most {}", o, axis.i,
                       axis.s, natural + axis.s - 1);
    p = split_surplus(full - o, auto_pad);
    return;
  }
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    // min(i*s, full), where i*s itself may be too large.
    const std::int64_t last = (axis.i - 1) * axis.s;
    o = last + std::min(axis.s, full - last);
    p = split_surplus(full - o, auto_pad);
  } else {
    o = full - axis.begin - axis.end;
    p = axis.begin;
  }
  if (o < 1)
    invalid_argument(pads_given && full > 0 ? "pads" : "X",
                     "the output's length would be {}: {} from an input of {}, {} dropped before "
                     "and {} after",
                     o, full, axis.i, axis.begin, axis.end);
}

}  // namespace

Layer resolve_onnx(const TensorView& x, const TensorView& w, const TensorView& b,
                   const Attributes& attributes) {
  check_ranks(x, w);
  check_types(x, w, b, attributes.opset);
  const std::size_t axes = x.rank() - 2;
  const std::string& auto_pad = attributes.auto_pad;
  if (auto_pad != "NOTSET" && auto_pad != "SAME_UPPER" && auto_pad != "SAME_LOWER" &&
      auto_pad != "VALID")
    invalid_argument("auto_pad", "NOTSET SAME_UPPER SAME_LOWER VALID are allowed, got '{}'",
                     auto_pad);
  const Dims kernel = numbers("kernel_shape", attributes.kernel_shape, axes, 1, 0);
  const Dims strides = numbers("strides", attributes.strides, axes, 1, 1);
  const Dims dilations = numbers("dilations", attributes.dilations, axes, 1, 1);
  const Dims pads = numbers("pads", attributes.pads, 2 * axes, 0, 0);
  const Dims adjustment = numbers("output_padding", attributes.output_padding, axes, 0, 0);
  const Dims output = numbers("output_shape", attributes.output_shape, axes, 1, 0);
  if (attributes.pads && auto_pad != "NOTSET")
    invalid_argument("pads", "{} is given together with auto_pad {}; one of them is allowed",
                     text(pads), auto_pad);
  check_kernel(w, attributes.kernel_shape, kernel);
  check_channels(x, w, b, attributes.group);

  Layer out;
  out.dtype = x.dtype();
  out.rank = static_cast<int>(axes);
  out.channels_first = out.torch_filter = true;
  out.n = x.shape()[0];
  out.g = attributes.group;
  out.ic = x.shape()[1];
  out.oc = w.shape()[1] * attributes.group;
  for (std::size_t a = 0; a < axes; ++a) {
    const Axis axis = {x.shape()[a + 2], w.shape()[a + 2], strides[a],    dilations[a],
                       adjustment[a],    pads[a],          pads[axes + a]};
    if (axis.i > kLargest)
      invalid_argument("X", "its axes have at most 2^59 positions, got {}", text(x.shape()));
    out.i[a] = axis.i;
    out.k[a] = axis.k;
    out.s[a] = axis.s;
    out.d[a] = axis.d;
    resolve_axis(axis, auto_pad, attributes.output_shape ? output.begin() + a : nullptr,
                 attributes.pads.has_value(), out.o[a], out.p[a]);
  }
  return out;
}

}  // namespace tconv::frontends

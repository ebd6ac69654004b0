// The rules that connect input, filters and output_shape: TensorFlow's kernels, which see the call
// as the gradient of a forward convolution from our output to our input. Two orders of checks, as
// its 2-D and 3-D kernels have.
#include "runtime/frontends/fail.h"
#include "runtime/frontends/tf_request.h"

namespace tconv::frontends {
namespace {

__extension__ using Wide = __int128;  // no product of three sizes leaves it

std::string given(const TfRequest& request) { return request.output_shape.ints.text(); }

std::size_t first_spatial(const TfOp& op) { return op.channels_first ? 2 : 1; }
std::size_t channel(const TfOp& op) {
  return op.channels_first ? 1 : static_cast<std::size_t>(op.rank) + 1;
}
std::size_t axes(const TfOp& op) { return static_cast<std::size_t>(op.rank) + 2; }
std::int64_t filter_out(const TfOp& op) { return op.filters[op.filters.size() - 2]; }
std::int64_t filter_in(const TfOp& op) { return op.filters.back(); }

// The rank that the caller sees: one less for 1-D.
std::size_t shown(const TfOp& op, std::size_t rank) { return op.lowered ? rank - 1 : rank; }

void check_input_rank(const TfRequest& request, const TfOp& op) {
  if (op.input.size() != axes(op))
    invalid_argument(std::string(request.names.input), "{} axes are needed, got shape {}",
                     shown(op, axes(op)), text(request.input.shape()));
}

void check_filter_rank(const TfRequest& request, const TfOp& op) {
  if (op.filters.size() != axes(op))
    invalid_argument(std::string(request.names.filters), "{} axes are needed, got shape {}",
                     shown(op, axes(op)), text(request.filters.view().shape()));
}

void check_vector(const TfRequest& request) {
  if (request.output_shape.axes != 1)
    invalid_argument("output_shape", "a list of numbers is needed, got {} axes",
                     request.output_shape.axes);
}

void check_not_negative(const TfRequest& request, const TfOp& op) {
  for (const std::int64_t size : op.output_shape)
    if (size < 0)
      invalid_argument("output_shape", "no size may be negative, got {}", given(request));
}

void check_element_count(const TfRequest& request, const TfOp& op) {
  if (!element_count(op.output_shape))
    invalid_argument("output_shape", "{} has 2^63 elements or more", given(request));
}

// Two values are height and width: the batch is the input's, the channels the filter's.
void check_length(const TfRequest& request, TfOp& op) {
  if (op.rank == 2 && op.output_values == 2) {
    const Dims size = op.output_shape;
    const std::int64_t channels = op.filters.size() < 2 ? 0 : filter_out(op);
    op.output_shape = op.channels_first ? Dims{op.input[0], channels, size[0], size[1]}
                                        : Dims{op.input[0], size[0], size[1], channels};
  } else if (op.output_values != axes(op)) {
    invalid_argument("output_shape", "{}{} numbers are needed, got {} ({})", shown(op, axes(op)),
                     op.rank == 2 && !op.lowered ? " or 2" : "", request.output_shape.ints.size(),
                     given(request));
  }
}

void check_batch(const TfRequest& request, const TfOp& op) {
  if (op.output_shape[0] != op.input[0])
    invalid_argument("output_shape", "the batch must be the input's, {}, got {}", op.input[0],
                     given(request));
}

void check_filter_depth(const TfRequest& request, const TfOp& op) {
  if (filter_out(op) <= 0)
    invalid_argument(std::string(request.names.filters), "shape {} has no output channels",
                     text(request.filters.view().shape()));
}

void check_out_channels(const TfRequest& request, const TfOp& op) {
  const std::int64_t channels = op.output_shape[channel(op)];
  // In 3-D this comes before the check that the divisor is not 0.
  if (filter_out(op) > 0 && channels % filter_out(op) != 0)
    invalid_argument("output_shape", "its channels, {}, must be a multiple of those of {}, {}",
                     channels, request.names.filters, filter_out(op));
}

void check_in_channels(const TfRequest& request, const TfOp& op) {
  const std::int64_t channels = op.input[channel(op)];
  if (filter_in(op) != channels)
    invalid_argument(std::string(request.names.filters),
                     "the last axis must have the input's {} "
                     "channels, got shape {}",
                     channels, text(request.filters.view().shape()));
}

// Rules that TensorFlow leaves to whatever its kernels then do (crashes, garbage): ours.
void check_kernel_and_groups(const TfRequest& request, const TfOp& op) {
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(op.rank); ++axis)
    if (op.filters[axis] == 0)
      invalid_argument(std::string(request.names.filters),
                       "no spatial length may be 0, got shape {}",
                       text(request.filters.view().shape()));
  const std::int64_t groups = op.output_shape[channel(op)] / filter_out(op);
  if (groups == 0)
    invalid_argument("output_shape", "at least one output channel is needed, got {}",
                     given(request));
  if (op.input[channel(op)] % groups != 0)
    invalid_argument("output_shape",
                     "{} output channels with filters for {} make {} groups, which "
                     "must divide the {} input channels",
                     op.output_shape[channel(op)], filter_out(op), groups, op.input[channel(op)]);
}

void check_positive_strides(const TfRequest& request, const TfOp& op) {
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(op.rank); ++axis)
    if (op.strides[first_spatial(op) + axis] < 1)
      invalid_argument("strides", "they must be positive, got {}", request.strides.ints.text());
}

// The forward convolution of output_shape must give the input's size. Divisions truncate, as in
// C++: with an empty input a few outputs below the kernel's reach are accepted.
void check_size(const TfRequest& request, const TfOp& op, std::size_t spatial) {
  const std::size_t axis = first_spatial(op) + spatial;
  const Wide o = op.output_shape[axis], i = op.input[axis], s = op.strides[axis];
  const Wide reach = (Wide{op.filters[spatial]} - 1) * op.dilations[axis] + 1;
  Wide computed = 0;
  if (op.same) {
    computed = (o + s - 1) / s;
  } else {
    Wide padded = o;
    if (op.pairs) padded += Wide{op.explicit_padding[axis][0]} + op.explicit_padding[axis][1];
    computed = (padded - reach + s) / s;
  }
  if (computed == i) return;
  // Where it would fit had a float kept its fraction, or been refused, that is what to change.
  const bool truncated = request.strides.truncated || request.dilations.truncated;
  const char* blamed = !truncated                  ? "output_shape"
                       : request.strides.truncated ? "strides"
                                                   : "dilations";
  const std::string_view padding = op.pairs ? "pairs" : op.same ? "SAME" : "VALID";
  // What would be right, where the input is not empty.
  const Wide most = op.same ? i * s : (i - 1) * s + reach + s - 1;
  const Wide least = op.same ? (i - 1) * s + 1 : (i - 1) * s + reach;
  constexpr Wide kShown = Wide{1} << 62;
  const std::string allowed =
      i < 1 || op.pairs || most > kShown
          ? std::string()
          : fmt::format("; {} to {} are allowed", static_cast<std::int64_t>(least),
                        static_cast<std::int64_t>(most));
  invalid_argument(
      blamed,
      "{} on spatial axis {} does not belong to an input of {} with kernel {}, "
      "stride {}, dilation {} and padding {}{}",
      op.output_shape[axis], op.lowered ? spatial - std::min<std::size_t>(spatial, 1) : spatial,
      op.input[axis], op.filters[spatial], op.strides[axis], op.dilations[axis], padding, allowed);
}

}  // namespace

void tf_shape_checks(const TfRequest& request, TfOp& op) {
  if (op.rank == 2) {
    check_input_rank(request, op);
    check_vector(request);
    check_not_negative(request, op);
    check_length(request, op);
    check_element_count(request, op);
    check_filter_rank(request, op);
    check_batch(request, op);
    check_filter_depth(request, op);
    check_out_channels(request, op);
    check_in_channels(request, op);
  } else {
    check_vector(request);
    check_not_negative(request, op);
    check_element_count(request, op);
    check_length(request, op);
    check_filter_rank(request, op);
    check_input_rank(request, op);
    check_out_channels(request, op);
    check_in_channels(request, op);
    check_batch(request, op);
    check_filter_depth(request, op);
    check_positive_strides(request, op);
  }
  check_kernel_and_groups(request, op);
  for (std::size_t spatial = 0; spatial < static_cast<std::size_t>(op.rank); ++spatial)
    check_size(request, op, spatial);
}

}  // namespace tconv::frontends

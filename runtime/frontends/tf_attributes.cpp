// The rules of strides, dilations and explicit padding that need no tensor: the constructors of
// TensorFlow's kernels.
#include "runtime/frontends/fail.h"
#include "runtime/frontends/tf_request.h"

namespace tconv::frontends {
namespace {

struct Axes {
  std::size_t channel, first_spatial;
};

Axes axes(const TfOp& op) {
  return op.channels_first ? Axes{1, 2} : Axes{static_cast<std::size_t>(op.rank) + 1, 1};
}

// 2-D says Unimplemented here, 3-D InvalidArgument.
void check_batch_and_channels(const TfOp& op, const Dims& values, const char* name,
                              const tf::Ints& given) {
  const std::size_t channel = axes(op).channel;
  if (values[0] == 1 && values[channel] == 1) return;
  fail(op.rank == 3 ? ErrorKind::invalid_argument : ErrorKind::unimplemented, name,
       "the batch's and the channels' must be 1, got {}", given.text());
}

bool spatial_is_positive(const TfOp& op, const Dims& values) {
  const std::size_t first = axes(op).first_spatial;
  for (std::size_t axis = first; axis < first + static_cast<std::size_t>(op.rank); ++axis)
    if (values[axis] < 1) return false;
  return true;
}

void check_explicit_padding(const TfOp& op) {
  const std::size_t channel = axes(op).channel;
  for (const tf::Padding::Pair& pair : op.explicit_padding)
    if (pair[0] < 0 || pair[1] < 0)
      invalid_argument("padding", "no pair may hold a negative number, got [{}, {}]", pair[0],
                       pair[1]);
  for (const std::size_t axis : {std::size_t{0}, channel}) {
    const tf::Padding::Pair& pair = op.explicit_padding[axis];
    if (pair[0] != 0 || pair[1] != 0)
      invalid_argument("padding",
                       "the batch's and the channels' pairs must be [0, 0], got [{}, {}]", pair[0],
                       pair[1]);
  }
}

}  // namespace

void tf_attribute_checks(const TfRequest& request, const TfOp& op) {
  const tf::Ints& strides = request.strides.ints;
  const tf::Ints& dilations = request.dilations.ints;
  check_batch_and_channels(op, op.strides, "strides", strides);
  // 3-D looks at its strides when everything else is right (tf_shapes.cpp).
  if (op.rank == 2 && !spatial_is_positive(op, op.strides))
    invalid_argument("strides", "they must be positive, got {}", strides.text());
  check_batch_and_channels(op, op.dilations, "dilations", dilations);
  // 1-D: the kernel that takes dilations there at all says Unimplemented.
  if (!spatial_is_positive(op, op.dilations))
    fail(op.lowered ? ErrorKind::unimplemented : ErrorKind::invalid_argument, "dilations",
         "they must be positive, got {}", dilations.text());
  if (op.pairs) check_explicit_padding(op);
}

}  // namespace tconv::frontends

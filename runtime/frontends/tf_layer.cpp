// From a checked request to a layer.
#include <limits>

#include "runtime/frontends/fail.h"
#include "runtime/frontends/tf_request.h"

namespace tconv::frontends {
namespace {

__extension__ using Wide = __int128;

// What a problem line holds at most; beyond it the line's own error would be hard to read.
constexpr Wide kMostLine = Wide{1} << 59;

std::int64_t crop_before(const TfOp& op, std::size_t spatial) {
  const std::size_t axis = spatial + (op.channels_first ? 2 : 1);
  if (op.pairs) return op.explicit_padding[axis][0];
  if (!op.same || op.input[axis] == 0) return 0;
  const Wide total = (Wide{op.input[axis]} - 1) * op.strides[axis] +
                     (Wide{op.filters[spatial]} - 1) * op.dilations[axis] + 1 -
                     op.output_shape[axis];
  if (total > 2 * kMostLine)
    invalid_argument("dilations", "a kernel of {} with dilation {} reaches too far",
                     op.filters[spatial], op.dilations[axis]);
  return total > 0 ? static_cast<std::int64_t>(total / 2) : 0;
}

}  // namespace

int rank_of_output_shape(const TfInts& output_shape) {
  if (output_shape.ints.is_none() || !output_shape.listed)
    value_error("output_shape", "a list or a tensor is needed, got {}", output_shape.ints.text());
  const std::size_t size = output_shape.ints.size();
  if (size < 3 || size > 5)
    value_error("output_shape", "3, 4 or 5 numbers are allowed, got {} ({})", size,
                output_shape.ints.text());
  return static_cast<int>(size) - 2;
}

Layer tf_layer(const TfRequest& request) {
  TfOp op = tf_python_checks(request);
  tf_attribute_checks(request, op);
  tf_shape_checks(request, op);

  Layer layer;
  layer.dtype = request.input.dtype();
  layer.rank = request.rank;
  layer.channels_first = op.channels_first;
  layer.n = op.input[0];
  const std::size_t channel = op.channels_first ? 1 : op.input.size() - 1;
  layer.ic = op.input[channel];
  layer.oc = op.output_shape[channel];
  layer.g = layer.oc / op.filters[op.filters.size() - 2];
  const std::size_t skipped = op.lowered ? 1 : 0;  // the axis that was inserted
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(request.rank); ++axis) {
    const std::size_t spatial = axis + skipped;
    const std::size_t at = spatial + (op.channels_first ? 2 : 1);
    layer.i[axis] = op.input[at];
    layer.o[axis] = op.output_shape[at];
    layer.k[axis] = op.filters[spatial];
    // Of a single tap or position the step is never taken; a huge one must not be multiplied.
    layer.s[axis] = op.input[at] <= 1 && op.strides[at] > kMostLine / 2 ? 1 : op.strides[at];
    layer.d[axis] = op.filters[spatial] == 1 ? 1 : op.dilations[at];
    layer.p[axis] = crop_before(op, spatial);
  }
  return layer;
}

OwnedTensor run_tf(const TfRequest& request, const Options& options) {
  const Layer layer = tf_layer(request);
  return run_layer(layer,
                   {.input = request.input,
                    .filter = request.filters.view(),
                    .packed = request.filters.packed()},
                   options, "output_shape");
}

void run_tf(const TfRequest& request, const MutableTensorView& output, const Options& options) {
  const Layer layer = tf_layer(request);
  run_layer(layer,
            {.input = request.input,
             .filter = request.filters.view(),
             .packed = request.filters.packed()},
            output, options, "output_shape");
}

}  // namespace tconv::frontends

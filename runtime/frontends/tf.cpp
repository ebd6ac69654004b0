// The typed functions of tf.hpp.
#include "tconv/tf.hpp"

#include "runtime/error.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/tf_request.h"

namespace tconv::tf {

Ints::Ints(std::span<const std::int64_t> values)
    : values_(values.first(std::min(values.size(), Dims::kMost))),
      size_(values.size()),
      none_(false) {}

std::string Ints::text() const {
  if (none_) return "none";
  if (scalar_) return std::to_string(values_[0]);
  std::string r = tconv::text(values_.span());
  if (size_ > values_.size()) r.insert(r.size() - 1, ", ...");
  return r;
}

Padding::Padding(std::span<const Pair> pairs) : is_pairs_(true), size_(pairs.size()) {
  std::copy_n(pairs.begin(), std::min<std::size_t>(pairs.size(), pairs_.size()), pairs_.begin());
}

namespace {

using frontends::TfInts;
using frontends::TfRequest;

TfInts shape_of(const Ints& output_shape) {
  return {.ints = output_shape,
          .wrong = {},
          .listed = !output_shape.is_scalar(),
          .axes = output_shape.is_scalar() ? 0 : 1};
}

TfRequest request(int rank, const TensorView& input, const Filters& filters,
                  const Ints& output_shape, const Ints& strides, const Padding& padding,
                  std::string_view data_format, const Ints& dilations) {
  return {.rank = rank,
          .names = {},
          .input = input,
          .filters = filters,
          .output_shape = shape_of(output_shape),
          .strides = {.ints = strides, .wrong = {}},
          .dilations = {.ints = dilations, .wrong = {}},
          .padding = {padding, {}},
          .data_format = data_format};
}

OwnedTensor run(const TfRequest& request, const Options& options) {
  return runtime::guarded([&] { return frontends::run_tf(request, options); });
}

void run_to(int rank, const MutableTensorView& output, const TensorView& input,
            const Filters& filters, const Ints& strides, const Padding& padding,
            std::string_view data_format, const Ints& dilations, const Options& options) {
  runtime::guarded([&] {
    if (!output.has_value()) frontends::value_error("output", "a tensor is needed, got none");
    frontends::run_tf(request(rank, input, filters, Ints(output.view().shape()), strides, padding,
                              data_format, dilations),
                      output, options);
  });
}

}  // namespace

namespace nn {

OwnedTensor conv1d_transpose(const TensorView& input, const Filters& filters,
                             const Ints& output_shape, const Ints& strides, const Padding& padding,
                             std::string_view data_format, const Ints& dilations, std::string_view,
                             const Options& options) {
  return run(request(1, input, filters, output_shape, strides, padding, data_format, dilations),
             options);
}

OwnedTensor conv2d_transpose(const TensorView& input, const Filters& filters,
                             const Ints& output_shape, const Ints& strides, const Padding& padding,
                             std::string_view data_format, const Ints& dilations, std::string_view,
                             const Options& options) {
  return run(request(2, input, filters, output_shape, strides, padding, data_format, dilations),
             options);
}

OwnedTensor conv3d_transpose(const TensorView& input, const Filters& filters,
                             const Ints& output_shape, const Ints& strides, const Padding& padding,
                             std::string_view data_format, const Ints& dilations, std::string_view,
                             const Options& options) {
  return run(request(3, input, filters, output_shape, strides, padding, data_format, dilations),
             options);
}

OwnedTensor conv_transpose(const TensorView& input, const Filters& filters,
                           const Ints& output_shape, const Ints& strides, const Padding& padding,
                           std::string_view data_format, const Ints& dilations, std::string_view,
                           const Options& options) {
  const int rank = frontends::rank_of_output_shape(shape_of(output_shape));
  return run(request(rank, input, filters, output_shape, strides, padding, data_format, dilations),
             options);
}

void conv1d_transpose_to(const MutableTensorView& output, const TensorView& input,
                         const Filters& filters, const Ints& strides, const Padding& padding,
                         std::string_view data_format, const Ints& dilations,
                         const Options& options) {
  run_to(1, output, input, filters, strides, padding, data_format, dilations, options);
}

void conv2d_transpose_to(const MutableTensorView& output, const TensorView& input,
                         const Filters& filters, const Ints& strides, const Padding& padding,
                         std::string_view data_format, const Ints& dilations,
                         const Options& options) {
  run_to(2, output, input, filters, strides, padding, data_format, dilations, options);
}

void conv3d_transpose_to(const MutableTensorView& output, const TensorView& input,
                         const Filters& filters, const Ints& strides, const Padding& padding,
                         std::string_view data_format, const Ints& dilations,
                         const Options& options) {
  run_to(3, output, input, filters, strides, padding, data_format, dilations, options);
}

}  // namespace nn

namespace compat::v1::nn {
namespace {

OwnedTensor run_v1(int rank, const TensorView& value, const Filters& filter,
                   const Ints& output_shape, const Ints& strides, const Padding& padding,
                   std::string_view data_format, const TensorView& input, const Filters& filters,
                   const Ints& dilations, const Options& options) {
  return runtime::guarded([&] {
    if (value.has_value() && input.has_value())
      frontends::value_error("input", "value is given as well; they are one argument");
    if (filter.view().has_value() && filters.view().has_value())
      frontends::value_error("filters", "filter is given as well; they are one argument");
    const bool renamed_input = input.has_value(), renamed_filters = filters.view().has_value();
    TfRequest r = request(rank, renamed_input ? input : value, renamed_filters ? filters : filter,
                          output_shape, strides, padding, data_format, dilations);
    r.names = {renamed_input ? "input" : "value", renamed_filters ? "filters" : "filter"};
    return frontends::run_tf(r, options);
  });
}

}  // namespace

OwnedTensor conv2d_transpose(const TensorView& value, const Filters& filter,
                             const Ints& output_shape, const Ints& strides, const Padding& padding,
                             std::string_view data_format, std::string_view,
                             const TensorView& input, const Filters& filters, const Ints& dilations,
                             const Options& options) {
  return run_v1(2, value, filter, output_shape, strides, padding, data_format, input, filters,
                dilations, options);
}

OwnedTensor conv3d_transpose(const TensorView& value, const Filters& filter,
                             const Ints& output_shape, const Ints& strides, const Padding& padding,
                             std::string_view data_format, std::string_view,
                             const TensorView& input, const Filters& filters, const Ints& dilations,
                             const Options& options) {
  return run_v1(3, value, filter, output_shape, strides, padding, data_format, input, filters,
                dilations, options);
}

}  // namespace compat::v1::nn
}  // namespace tconv::tf

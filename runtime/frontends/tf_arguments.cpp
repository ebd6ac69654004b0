// The half of the checks that TensorFlow does in Python (nn_ops.py), and the conversion of
// attributes and tensors that begins its kernels. Rules: docs/frontends.md.
#include "runtime/frontends/fail.h"
#include "runtime/frontends/tf_request.h"

namespace tconv::frontends {
namespace {

constexpr std::int64_t kInt32Max = 2147483647, kInt32Min = -kInt32Max - 1;

bool channels_first(const TfRequest& request) {
  const std::string_view format = request.data_format;
  if (request.rank > 1) return format.starts_with("NC");
  if (!format.empty() && format != "NWC" && format != "NCW")
    value_error("data_format", "it must be NWC or NCW, got \"{}\"", format);
  return format == "NCW";
}

// One number per axis in the order of the data format (nn_ops.py, _get_sequence).
Dims sequence(const TfInts& given, int rank, bool first, const char* name) {
  const auto n = static_cast<std::size_t>(rank);
  Dims all;
  if (given.ints.is_none()) {
    for (std::size_t axis = 0; axis < n + 2; ++axis) all.push_back(1);
    return all;
  }
  const std::size_t size = given.ints.size();
  if (size != 1 && size != n && size != n + 2)
    value_error(name, "1, {} or {} numbers are allowed, got {} ({})", n, n + 2, size,
                given.ints.text());
  const Dims& values = given.ints.values();
  if (size == n + 2) return values;
  all.push_back(1);
  if (first) all.push_back(1);
  for (std::size_t axis = 0; axis < n; ++axis) all.push_back(values[size == 1 ? 0 : axis]);
  if (!first) all.push_back(1);
  return all;
}

// 1-D becomes 2-D with a height of 1: another 1 in front, whatever the first entry is for.
Dims with_one_in_front(const Dims& values) {
  Dims r{1};
  for (const std::int64_t value : values) r.push_back(value);
  return r;
}

Dims with_one_at(const Dims& values, std::size_t at) {
  Dims r;
  for (std::size_t axis = 0; axis <= values.size(); ++axis) {
    if (axis == std::min(at, values.size())) r.push_back(1);
    if (axis < values.size()) r.push_back(values[axis]);
  }
  return r;
}

// nn_ops.py, convert_padding: of conv2d_transpose alone.
void check_pairs(const TfPadding& given) {
  if (given.wrong && given.wrong->kind == ErrorKind::value_error)
    fail(given.wrong->kind, "padding", "{}", given.wrong->what);
  if (!given.padding.is_pairs() && given.padding.word() == "EXPLICIT")
    value_error("padding", "EXPLICIT is no word for it; give a list of 4 pairs");
  if (given.padding.is_pairs() && given.padding.size() != 4)
    value_error("padding", "a list must have 4 pairs, one per axis, got {}", given.padding.size());
}

// Attributes of wrong kinds, in the order in which the op takes them.
void check_attributes(const TfRequest& request) {
  const auto check = [](const char* name, const std::optional<WrongKind>& wrong) {
    if (wrong) fail(wrong->kind, name, "{}", wrong->what);
  };
  check("strides", request.strides.wrong);
  check("padding", request.padding.wrong);
  const tf::Padding& padding = request.padding.padding;
  if (padding.is_pairs() && request.rank != 2)
    type_error("padding", "pairs are for conv2d_transpose alone; SAME and VALID are allowed");
  if (!padding.is_pairs() && padding.word() != "SAME" && padding.word() != "VALID")
    invalid_argument("padding", "SAME and VALID are allowed, got \"{}\"", padding.word());
  if (request.rank > 1 && !request.data_format.empty()) {
    const bool two = request.rank == 2;
    const std::string_view last = two ? "NHWC" : "NDHWC", first = two ? "NCHW" : "NCDHW";
    if (request.data_format != last && request.data_format != first)
      invalid_argument("data_format", "{} and {} are allowed, got \"{}\"", last, first,
                       request.data_format);
  }
  check("dilations", request.dilations.wrong);
}

void check_types(const TfRequest& request) {
  const DType dtype = request.input.dtype();
  if (!is_computed(dtype) || (request.rank == 3 && dtype == DType::i32))
    invalid_argument(std::string(request.names.input),
                     "the type {} is not supported; there are "
                     "float16, bfloat16, float32, float64{}",
                     name(dtype), request.rank == 3 ? "" : ", int32");
  const DType filter = request.filters.view().dtype();
  if (filter != dtype)
    invalid_argument(std::string(request.names.filters), "the type must be the input's, {}, got {}",
                     name(dtype), name(filter));
}

void check_output_shape_kind(const TfRequest& request) {
  const TfInts& given = request.output_shape;
  if (given.wrong) fail(given.wrong->kind, "output_shape", "{}", given.wrong->what);
  if (request.rank == 3) return;
  if (given.from_int64)
    invalid_argument("output_shape", "a tensor must be of type int32, got int64");
  for (const std::int64_t value : given.ints.values())
    if (value > kInt32Max || value < kInt32Min)
      invalid_argument("output_shape", "{} does not fit into an int32", value);
}

// A 1-D call lists output_shape before its op sees anything.
void check_is_list(const TfRequest& request) {
  const TfInts& given = request.output_shape;
  if (request.rank == 1 && (given.ints.is_none() || !given.listed))
    type_error("output_shape", "a list is needed, got {}", given.ints.text());
}

void check_tensors_given(const TfRequest& request) {
  if (!request.input.has_value())
    value_error(std::string(request.names.input), "a tensor is needed, got none");
  if (!request.filters.view().has_value())
    value_error(std::string(request.names.filters), "a tensor is needed, got none");
  if (request.output_shape.ints.is_none() && !request.output_shape.wrong)
    value_error("output_shape", "a list is needed, got none");
}

}  // namespace

TfOp tf_python_checks(const TfRequest& request) {
  TfOp op;
  op.channels_first = channels_first(request);
  op.strides = sequence(request.strides, request.rank, op.channels_first, "strides");
  op.dilations = sequence(request.dilations, request.rank, op.channels_first, "dilations");
  if (request.rank == 2) check_pairs(request.padding);
  check_is_list(request);
  check_attributes(request);
  check_tensors_given(request);
  check_types(request);
  check_output_shape_kind(request);

  op.rank = std::max(request.rank, 2);
  op.lowered = request.rank == 1;
  const tf::Padding& padding = request.padding.padding;
  op.pairs = padding.is_pairs();
  op.same = !op.pairs && padding.word() == "SAME";
  op.explicit_padding = padding.pairs();
  op.input = request.input.shape();
  op.filters = request.filters.view().shape();
  op.output_shape = request.output_shape.ints.values();
  op.output_values = request.output_shape.ints.size();
  if (!op.lowered) return op;
  const std::size_t spatial = op.channels_first ? 2 : 1;
  op.strides = with_one_in_front(op.strides);
  op.dilations = with_one_in_front(op.dilations);
  // A rank-8 input could not take one more axis; it fails the check of ranks as it is.
  if (op.input.size() < Dims::kMost) op.input = with_one_at(op.input, spatial);
  if (op.filters.size() < Dims::kMost) op.filters = with_one_at(op.filters, 0);
  if (op.output_shape.size() < Dims::kMost) op.output_shape = with_one_at(op.output_shape, spatial);
  ++op.output_values;
  return op;
}

}  // namespace tconv::frontends

// The tf functions by name: values of any kind in, a request out. Wrong kinds are noted and raised
// when their turn comes (tf_request.h).
#include <cmath>

#include "runtime/frontends/arguments.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/registry.h"
#include "runtime/frontends/tf_request.h"

namespace tconv::frontends {
namespace {

WrongKind wrong(ErrorKind kind, const char* needed, const Value& value) {
  return {kind, fmt::format("{}, got {}", needed, value.text())};
}

// int(x) of Python, as far as it makes sense: a float loses its fraction, a string is none.
std::optional<std::int64_t> truncated_int(const Value& value, bool& truncated) {
  if (const std::int64_t* i = value.integer()) return *i;
  const double* d = value.number();
  if (d == nullptr || !(std::fabs(*d) < 9e18)) return std::nullopt;
  truncated |= std::trunc(*d) != *d;
  return static_cast<std::int64_t>(*d);
}

// strides and dilations.
TfInts step_list(const Value& value) {
  TfInts r;
  constexpr const char* kNeeded = "an int or a list of ints is needed";
  if (value.is_null()) return r;
  if (value.tensor() != nullptr) {
    const auto values = integers(value);
    if (values) {
      r.ints = *values;
    } else {
      r.ints = 1;
      r.wrong = wrong(ErrorKind::type_error, kNeeded, value);
    }
    return r;
  }
  // A string has a length too, that of its letters, and TensorFlow looks at it first.
  Value::List list;
  if (const Value::List* given = value.list()) {
    list = *given;
  } else if (const std::string* word = value.string()) {
    list.assign(std::min<std::size_t>(word->size(), 64), Value("letter"));
  } else {
    list.push_back(value);
  }
  std::vector<std::int64_t> values;
  for (const Value& element : list) {
    const std::optional<std::int64_t> number = truncated_int(element, r.truncated);
    if (!number && !r.wrong) r.wrong = wrong(ErrorKind::type_error, kNeeded, value);
    values.push_back(number.value_or(1));
  }
  r.ints = value.integer() != nullptr ? tf::Ints(values[0]) : tf::Ints(values);
  return r;
}

// The sizes of the nested lists of which every element has as many: those of the first.
int nesting(const Value& value) {
  int axes = 0;
  const Value* at = &value;
  for (; at->list() != nullptr && axes < 9; ++axes) {
    if (at->list()->empty()) return axes + 1;
    at = &at->list()->front();
  }
  return axes;
}

TfInts shape_of_tensor(const Value& value, int rank) {
  TfInts r;
  const TensorView& view = value.tensor()->view;
  r.axes = static_cast<int>(view.rank());
  r.from_int64 = view.dtype() == DType::i64;
  r.listed = view.rank() > 0;
  if (const auto values = integers(value)) {
    r.ints = *values;
    return r;
  }
  r.ints = std::vector<std::int64_t>(
      view.rank() == 0 ? 0 : static_cast<std::size_t>(std::min<std::int64_t>(view.shape()[0], 64)));
  const bool is_int = view.dtype() == DType::i32 || (rank == 3 && r.from_int64);
  if (!is_int && !r.from_int64)
    r.wrong = wrong(ErrorKind::invalid_argument, "integers are needed", value);
  return r;
}

// What TensorFlow makes a tensor of: ints, of any nesting; nothing else fits.
TfInts shape_list(const Value& value, int rank) {
  TfInts r;
  if (value.is_null()) return r;
  if (value.tensor() != nullptr) return shape_of_tensor(value, rank);
  // 3-D takes any type of tensor as far as its kernel, which then refuses it.
  const ErrorKind kind = rank == 3 ? ErrorKind::invalid_argument : ErrorKind::type_error;
  constexpr const char* kNeeded = "a list of ints is needed";
  if (const Value::List* list = value.list()) {
    r.axes = nesting(value);
    std::vector<std::int64_t> values;
    for (const Value& element : *list) {
      const bool nested = r.axes > 1 && element.list() != nullptr;
      if (element.integer() == nullptr && !nested && !r.wrong)
        r.wrong = wrong(kind, kNeeded, value);
      values.push_back(element.integer() != nullptr ? *element.integer() : 0);
    }
    r.ints = values;
    return r;
  }
  r.axes = 0;
  r.listed = value.string() != nullptr || value.dict() != nullptr;
  if (value.integer() != nullptr) {
    r.ints = *value.integer();
  } else {
    const std::size_t length = value.string() != nullptr ? value.string()->size()
                               : value.dict() != nullptr ? value.dict()->size()
                                                         : 1;
    r.ints = std::vector<std::int64_t>(std::min<std::size_t>(length, 64));
    r.wrong = wrong(kind, kNeeded, value);
  }
  return r;
}

TfPadding padding_of(const Value& value, int rank) {
  TfPadding r;
  if (const std::string* word = value.string()) {
    r.padding = tf::Padding(std::string_view(*word));
    return r;
  }
  const Value::List* list = value.list();
  if (list == nullptr || rank != 2) {
    r.wrong =
        wrong(ErrorKind::type_error,
              rank == 2 ? "a string or a list of 4 pairs is needed" : "a string is needed", value);
    return r;
  }
  std::vector<tf::Padding::Pair> pairs;
  for (const Value& element : *list) {
    const Value::List* pair = element.list();
    if (pair == nullptr || pair->size() != 2) {
      r.wrong = wrong(ErrorKind::value_error, "every element of a list must be a pair", value);
      return r;
    }
    const std::int64_t *before = (*pair)[0].integer(), *after = (*pair)[1].integer();
    if ((before == nullptr || after == nullptr) && !r.wrong)
      r.wrong = wrong(ErrorKind::type_error, "pairs must hold ints", value);
    pairs.push_back({before == nullptr ? 0 : *before, after == nullptr ? 0 : *after});
  }
  r.padding = tf::Padding(std::span<const tf::Padding::Pair>(pairs));
  return r;
}

std::string_view format_of(const Value& value) {
  if (value.is_null()) return {};
  const std::string* word = value.string();
  if (word == nullptr) type_error("data_format", "a string is needed, got {}", value.text());
  // An empty string is none of TensorFlow's; an empty request means None.
  return word->empty() ? std::string_view(" ") : std::string_view(*word);
}

// 1-D compares its data format with two strings; whatever else it is is a bad value.
std::string_view format_of(const Value& value, int rank) {
  if (rank == 1 && !value.is_null() && value.string() == nullptr)
    value_error("data_format", "it must be NWC or NCW, got {}", value.text());
  return format_of(value);
}

TensorView input_tensor(const Arguments& arguments, std::string_view name) {
  return arguments[name].is_null() ? TensorView() : arguments.tensor(name).view;
}

TfRequest common(const Arguments& arguments, int rank) {
  TfRequest r;
  r.rank = rank;
  r.output_shape = shape_list(arguments["output_shape"], rank);
  r.strides = step_list(arguments["strides"]);
  r.dilations = step_list(arguments["dilations"]);
  if (arguments.has("padding")) r.padding = padding_of(arguments["padding"], rank);
  r.data_format = format_of(arguments["data_format"], rank);
  return r;
}

constexpr Parameter kV2[] = {{"input", true},   {"filters", true}, {"output_shape", true},
                             {"strides", true}, {"padding"},       {"data_format"},
                             {"dilations"},     {"name"}};

Value run_v2(const Arguments& arguments, int rank, const Options& options) {
  arguments.optional_string("name");
  TfRequest r = common(arguments, rank);
  r.input = input_tensor(arguments, "input");
  r.filters = input_tensor(arguments, "filters");
  return run_tf(r, options);
}

template <int kRank>
Value conv_v2(const Value::Dict& given, const Options& options) {
  return run_v2(Arguments(given, kV2), kRank, options);
}

Value conv_any(const Value::Dict& given, const Options& options) {
  const Arguments arguments(given, kV2);
  return run_v2(arguments, rank_of_output_shape(shape_list(arguments["output_shape"], 2)), options);
}

// `value` has a default in 2-D alone.
constexpr Parameter kV1Conv2d[] = {{"value"},   {"filter"},      {"output_shape"}, {"strides"},
                                   {"padding"}, {"data_format"}, {"name"},         {"input"},
                                   {"filters"}, {"dilations"}};
constexpr Parameter kV1Conv3d[] = {{"value", true}, {"filter"},      {"output_shape"}, {"strides"},
                                   {"padding"},     {"data_format"}, {"name"},         {"input"},
                                   {"filters"},     {"dilations"}};

// `name` may be anything, as in TensorFlow: a call in version 2's order passes its dilations there.
Value run_v1(const Arguments& arguments, int rank, const Options& options) {
  for (const auto& [old_name, new_name] : {std::pair("value", "input"), {"filter", "filters"}})
    if (!arguments[old_name].is_null() && !arguments[new_name].is_null())
      value_error(new_name, "{} is given as well; they are one argument", old_name);
  const bool renamed_input = !arguments["input"].is_null();
  const bool renamed_filters = !arguments["filters"].is_null();
  TfRequest r = common(arguments, rank);
  r.names = {renamed_input ? "input" : "value", renamed_filters ? "filters" : "filter"};
  r.input = input_tensor(arguments, r.names.input);
  r.filters = input_tensor(arguments, r.names.filters);
  return run_tf(r, options);
}

Value conv2d_v1(const Value::Dict& given, const Options& options) {
  return run_v1(Arguments(given, kV1Conv2d), 2, options);
}
Value conv3d_v1(const Value::Dict& given, const Options& options) {
  return run_v1(Arguments(given, kV1Conv3d), 3, options);
}

constexpr FrontDoor kDoors[] = {
    {"tf.nn.conv1d_transpose", conv_v2<1>},
    {"tf.nn.conv2d_transpose", conv_v2<2>},
    {"tf.nn.conv3d_transpose", conv_v2<3>},
    {"tf.nn.conv_transpose", conv_any},
    {"tf.compat.v1.nn.conv2d_transpose", conv2d_v1},
    {"tf.compat.v1.nn.conv3d_transpose", conv3d_v1},
};

}  // namespace

std::span<const FrontDoor> tf_front_doors() { return kDoors; }

}  // namespace tconv::frontends

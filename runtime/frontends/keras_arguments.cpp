#include "runtime/frontends/keras_arguments.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "runtime/frontends/fail.h"
#include "runtime/frontends/keras_config.h"

namespace tconv::frontends {
namespace {

// As Python prints the list of a wrong argument.
std::string in_words(const std::vector<double>& numbers) {
  std::string words;
  for (const double n : numbers) words += fmt::format("{}{}", words.empty() ? "" : ", ", n);
  return "(" + words + ")";
}

[[noreturn]] void not_a_tuple(const char* name, int rank, const Value& given,
                              const std::string& why = "") {
  value_error(name, "The `{}` argument must be a tuple of {} integers. Received {}={}{}", name,
              rank, name, given.text(), why);
}

KerasTuple standardize_tuple(const char* name, int rank, const Value& given, bool zero_allowed) {
  KerasTuple out;
  const auto n = static_cast<std::size_t>(rank);
  Value::List list;
  if (given.integer() != nullptr || given.boolean() != nullptr) {
    list.assign(n, given.boolean() != nullptr ? Value(std::int64_t{*given.boolean()}) : given);
  } else if (given.list() != nullptr && given.list()->size() == n) {
    list = *given.list();
  } else if (given.string() != nullptr && given.string()->size() == n &&
             std::all_of(given.string()->begin(), given.string()->end(),
                         [](unsigned char c) { return std::isdigit(c) != 0; })) {
    // tuple("12") is ("1", "2"), whose elements pass int() and fail the comparison.
    type_error(name, "'<' not supported between instances of 'str' and 'int'");
  } else {
    not_a_tuple(name, rank, given);
  }
  std::string wrong;
  for (const Value& element : list) {
    if (element.string() != nullptr && !element.string()->empty() &&
        std::all_of(element.string()->begin(), element.string()->end(),
                    [](unsigned char c) { return std::isdigit(c) != 0; }))
      type_error(name, "'<' not supported between instances of 'str' and 'int'");
    const auto number = element.boolean() != nullptr ? std::optional<double>(*element.boolean())
                                                     : number_of(element);
    if (!number || !std::isfinite(*number))
      not_a_tuple(name, rank, given,
                  fmt::format("including element {} of type {}", element.text(), element.kind()));
    // A float holds 2^53 exactly, and nothing that large is a size.
    if (std::fabs(*number) > 0x1p53)
      not_a_tuple(name, rank, given, ", whose values do not fit in 2^53");
    out.numbers.push_back(*number);
    out.has_float = out.has_float || element.number() != nullptr;
    if (zero_allowed ? *number < 0 : *number <= 0)
      wrong += fmt::format("{}{}", wrong.empty() ? "" : ", ", *number);
  }
  if (!wrong.empty())
    not_a_tuple(name, rank, given,
                fmt::format(", including values {{{}}} that do not satisfy `value {} 0`", wrong,
                            zero_allowed ? ">=" : ">"));
  out.given = std::move(list);
  return out;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void read_padding(const Value& given, KerasArguments& out) {
  out.padding = given;
  if (given.list() != nullptr) return;
  if (given.string() == nullptr)
    type_error("padding", "\"valid\" or \"same\" is needed, got {}", given.text());
  const std::string word = lower(*given.string());
  if (word != "valid" && word != "same")
    value_error("padding",
                "The `padding` argument must be a list/tuple or one of {{'valid', 'same'}}. "
                "Received: {}",
                given.text());
  out.same = word == "same";
  out.padding = word;
}

bool is_channels_first(const Value& given) {
  if (given.is_null()) return false;
  const std::string word = given.string() == nullptr ? "" : lower(*given.string());
  if (word != "channels_first" && word != "channels_last")
    value_error("data_format",
                "The `data_format` argument must be one of {{'channels_first', 'channels_last'}}. "
                "Received: data_format={}",
                given.text());
  return word == "channels_first";
}

void read_policy(const Value& given, KerasArguments& out) {
  std::string word = "float32";
  if (given.string() != nullptr) {
    word = *given.string();
  } else if (given.dict() != nullptr) {
    const auto policy = identify(given, "keras", "dtype");
    const auto name = policy.config.find("name");
    if (policy.class_name != "DTypePolicy" || name == policy.config.end() ||
        name->second.string() == nullptr)
      value_error("dtype", "a DTypePolicy with a name is needed, got {}", given.text());
    word = *name->second.string();
  } else if (!given.is_null()) {
    type_error("dtype", "a name or a DTypePolicy is needed, got {}", given.text());
  }
  out.policy = word;
  const bool mixed = word.starts_with("mixed_");
  const std::string_view type = std::string_view(word).substr(mixed ? 6 : 0);
  out.compute = dtype_named(type);
  out.variable = mixed ? DType::f32 : out.compute;
  const bool floating = out.compute == DType::f16 || out.compute == DType::bf16 ||
                        ((out.compute == DType::f32 || out.compute == DType::f64) && !mixed);
  // The name stands in the config, and Keras knows no other: not "half", not "f32".
  if (!floating || type != tconv::name(out.compute))
    value_error("dtype",
                "one of float32 float64 float16 bfloat16 mixed_float16 mixed_bfloat16 is needed, "
                "got {}",
                given.text());
}

template <class Object>
Object resolved(const keras::Identifier<Object>& given,
                Object (*get)(const Value&, std::string_view), const char* argument) {
  return given.object() ? *given.object() : get(given.value(), argument);
}

void check_filters(const Value& filters) {
  if (filters.is_null()) return;
  const auto number =
      filters.boolean() != nullptr ? std::optional<double>(*filters.boolean()) : number_of(filters);
  if (!number) type_error("filters", "an integer is needed, got {}", filters.text());
  if (!(*number > 0))
    value_error("filters",
                "Invalid value for argument `filters`. Expected a strictly positive value. "
                "Received filters={}.",
                filters.text());
}

void check_combinations(const KerasArguments& a) {
  if (a.output_padding)
    for (std::size_t axis = 0; axis < static_cast<std::size_t>(a.rank); ++axis)
      if (a.output_padding->numbers[axis] >= a.strides.numbers[axis])
        value_error("output_padding",
                    "`output_padding` must be strictly less than `strides` for all dimensions. At "
                    "dimension {}, `output_padding` is {} but `strides` is {}. Received: "
                    "output_padding={}, strides={}",
                    axis, a.output_padding->numbers[axis], a.strides.numbers[axis],
                    in_words(a.output_padding->numbers), in_words(a.strides.numbers));
  const auto above_1 = [](const KerasTuple& t) {
    return *std::max_element(t.numbers.begin(), t.numbers.end()) > 1;
  };
  if (above_1(a.strides) && above_1(a.dilation_rate))
    value_error("dilation_rate",
                "`strides > 1` not supported in conjunction with `dilation_rate > 1`. Received: "
                "strides={} and dilation_rate={}",
                in_words(a.strides.numbers), in_words(a.dilation_rate.numbers));
}

}  // namespace

bool is_true(const Value& value) {
  if (value.boolean() != nullptr) return *value.boolean();
  if (value.integer() != nullptr) return *value.integer() != 0;
  if (value.number() != nullptr) return *value.number() != 0;
  if (value.string() != nullptr) return !value.string()->empty();
  if (value.list() != nullptr) return !value.list()->empty();
  if (value.dict() != nullptr) return !value.dict()->empty();
  return !value.is_null();
}

KerasArguments::KerasArguments(int r, const keras::LayerArguments& given)
    : rank(r), filters(given.filters) {
  if (rank < 1 || rank > 3) value_error("rank", "1, 2 or 3 is needed, got {}", rank);
  name = given.name.empty() ? fmt::format("conv{}d_transpose", rank) : given.name;
  if (name.find('/') != std::string::npos)
    value_error("name", "a layer's name cannot hold `/`, got {}", name);
  activity_regularizer =
      resolved(given.activity_regularizer, keras::regularizers::get, "activity_regularizer");
  read_policy(given.dtype, *this);
  if (given.trainable.boolean() == nullptr)
    value_error("trainable", "Expected `trainable` to be a boolean. Received: trainable={}",
                given.trainable.text());
  trainable = *given.trainable.boolean();
  kernel_size = standardize_tuple("kernel_size", rank, given.kernel_size, false);
  strides = standardize_tuple("strides", rank, given.strides, false);
  dilation_rate = standardize_tuple("dilation_rate", rank, given.dilation_rate, false);
  read_padding(given.padding, *this);
  if (!given.output_padding.is_null())
    output_padding = standardize_tuple("output_padding", rank, given.output_padding, true);
  channels_first = is_channels_first(given.data_format);
  activation = resolved(given.activation, keras::activations::get, "activation");
  use_bias = is_true(given.use_bias);
  kernel_initializer =
      resolved(given.kernel_initializer, keras::initializers::get, "kernel_initializer");
  bias_initializer = resolved(given.bias_initializer, keras::initializers::get, "bias_initializer");
  kernel_regularizer =
      resolved(given.kernel_regularizer, keras::regularizers::get, "kernel_regularizer");
  bias_regularizer = resolved(given.bias_regularizer, keras::regularizers::get, "bias_regularizer");
  kernel_constraint =
      resolved(given.kernel_constraint, keras::constraints::get, "kernel_constraint");
  bias_constraint = resolved(given.bias_constraint, keras::constraints::get, "bias_constraint");
  check_filters(filters);
  check_combinations(*this);
}

keras::LayerArguments layer_arguments(int rank, const Value::Dict& given) {
  keras::LayerArguments out;
  for (const char* required : {"filters", "kernel_size"})
    if (!given.contains(required))
      type_error(required, "Conv{}DTranspose.__init__() missing a required argument: '{}'", rank,
                 required);
  for (const auto& [key, value] : given) {
    if (key == "filters")
      out.filters = value;
    else if (key == "kernel_size")
      out.kernel_size = value;
    else if (key == "strides")
      out.strides = value;
    else if (key == "padding")
      out.padding = value;
    else if (key == "output_padding")
      out.output_padding = value;
    else if (key == "data_format")
      out.data_format = value;
    else if (key == "dilation_rate")
      out.dilation_rate = value;
    else if (key == "activation")
      out.activation = value;
    else if (key == "use_bias")
      out.use_bias = value;
    else if (key == "kernel_initializer")
      out.kernel_initializer = value;
    else if (key == "bias_initializer")
      out.bias_initializer = value;
    else if (key == "kernel_regularizer")
      out.kernel_regularizer = value;
    else if (key == "bias_regularizer")
      out.bias_regularizer = value;
    else if (key == "activity_regularizer")
      out.activity_regularizer = value;
    else if (key == "kernel_constraint")
      out.kernel_constraint = value;
    else if (key == "bias_constraint")
      out.bias_constraint = value;
    else if (key == "trainable")
      out.trainable = value;
    else if (key == "dtype")
      out.dtype = value;
    else if (key != "name")
      value_error(key, "Unrecognized keyword arguments passed to Conv{}DTranspose: {{'{}': {}}}",
                  rank, key, value.text());
    else if (value.string() != nullptr)
      out.name = *value.string();
    else if (!value.is_null())
      value_error("name", "a string is needed, got {}", value.text());
  }
  return out;
}

}  // namespace tconv::frontends

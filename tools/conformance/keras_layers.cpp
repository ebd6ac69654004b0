#include "tools/conformance/keras_layers.h"

#include <optional>

namespace tconv::tools::conformance {
namespace {

// {object: "keras.regularizers.L1", kwargs: {..}} -> {module, class_name, config}
Value config_object(const Json& json) {
  const auto path = json.at("object").get<std::string>();
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos) throw Damaged("an object without a module: " + path);
  return Value::Dict{{"module", path.substr(0, dot)},
                     {"class_name", path.substr(dot + 1)},
                     {"config", argument(json.value("kwargs", Json::object()), "", DType::f32)}};
}

// Nothing where the case's arguments lead to no kernel.
std::optional<std::vector<std::int64_t>> kernel_shape(const Json& args) {
  const Json& size = args.value("kernel_size", Json());
  const Json& filters = args.value("filters", Json());
  const auto rank = args.at("rank").get<std::size_t>();
  std::vector<std::int64_t> shape;
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const Json& one = size.is_array() && size.size() == rank ? size[axis] : size;
    if (!one.is_number_integer() || one.get<std::int64_t>() < 1) return std::nullopt;
    shape.push_back(one);
  }
  if (!filters.is_number_integer() || filters.get<std::int64_t>() < 1) return std::nullopt;
  const std::vector<std::int64_t> input = shape_of(args.at("input").at("shape"));
  if (input.size() != rank + 2) return std::nullopt;
  const bool first = args.value("data_format", Json()) == "channels_first";
  shape.push_back(filters);
  shape.push_back(first ? input[1] : input.back());
  return shape;
}

bool is_off(const Json& use_bias) { return use_bias.is_null() || use_bias == false; }

}  // namespace

Value::Dict keras_layer_arguments(const Literal& literal) {
  const Json& c = literal.json;
  const std::vector<std::int64_t> filter = shape_of(c.at("filter").at("shape"));
  if (filter.size() < 3) throw Damaged("the filter has too few axes");
  const Json format = c.at("data_format");
  const bool first = format.get<std::string>().starts_with("NC");
  const auto plain = [&](const char* key) {
    return c.contains(key) ? argument(c[key], "", DType::f32) : Value();
  };
  Value::Dict out{{"filters", filter[filter.size() - 2]},
                  {"kernel_size", Value::list(std::span(filter).first(filter.size() - 2))},
                  {"strides", plain("strides")},
                  {"dilation_rate", plain("dilations")},
                  {"padding", plain("padding")},
                  {"output_padding", plain("output_padding")},
                  {"data_format", first ? "channels_first" : "channels_last"},
                  {"activation", plain("activation")},
                  {"use_bias", !literal.bias.is_null()},
                  {"dtype", c.at("dtype").get<std::string>()},
                  {"input", literal.input},
                  {"kernel", literal.filter}};
  if (!literal.bias.is_null()) out["bias"] = literal.bias;
  return out;
}

void complete_keras_layer(const Json& json, Value::Dict& arguments) {
  const Json& args = json.at("args");
  for (const auto& [key, value] : args.items())
    if (value.is_object() && value.contains("object")) arguments[key] = config_object(value);
  const auto word = json.value("dtype", std::string("float32"));
  if (word != "float32" && !args.contains("dtype")) arguments["dtype"] = word;
  if (!args.contains("input")) return;
  const auto shape = kernel_shape(args);
  if (!shape) return;
  arguments["kernel"] = filled(dtype_of(word), *shape, "w");
  if (!is_off(args.value("use_bias", Json(true))))
    arguments["bias"] = filled(dtype_of(word), {(*shape)[shape->size() - 2]}, "b");
}

void complete_keras_activation(const Json& json, Value::Dict& arguments) {
  const Json& args = json.at("args");
  const std::vector<double> numbers = numbers_of(args.at("x"));
  std::vector<std::int64_t> shape = {static_cast<std::int64_t>(numbers.size())};
  if (args.contains("x_shape")) shape = shape_of(args["x_shape"]);
  arguments["x"] = tensor(dtype_of(json.at("dtype")), shape, numbers);
  arguments.erase("x_shape");
}

}  // namespace tconv::tools::conformance

// keras.layers.ConvNDTranspose and keras.activations by name.
#include <array>
#include <string>

#include "runtime/frontends/arguments.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/keras_layer.h"
#include "runtime/frontends/number_array.h"
#include "runtime/frontends/registry.h"

namespace tconv::frontends {
namespace {

// What is not the method's own is the constructor's, who names what it does not know.
struct Split {
  Value::Dict constructor;
  const Value::Dict& all;

  Split(const Value::Dict& given, std::initializer_list<std::string_view> own) : all(given) {
    for (const auto& [key, value] : given) {
      bool mine = key == "positional";
      for (const std::string_view name : own) mine = mine || key == name;
      if (!mine) constructor.emplace(key, value);
    }
  }
  const Value& operator[](std::string_view name) const {
    static const Value null;
    const auto found = all.find(name);
    return found == all.end() ? null : found->second;
  }
  TensorView tensor(std::string_view name) const {
    const Value& value = (*this)[name];
    if (value.is_null()) return {};
    if (value.tensor() == nullptr)
      type_error(std::string(name), "a tensor is needed, got {}", value.text());
    return value.tensor()->view;
  }
};

Value shape_list(const Dims& shape) { return Value::list(shape.span()); }

Value shape_list(const keras::Shape& shape) {
  Value::List list;
  for (const auto& size : shape) list.push_back(size ? Value(*size) : Value());
  return list;
}

keras::Shape shape_of(const Value& value) {
  if (value.list() == nullptr) type_error("input_shape", "a list is needed, got {}", value.text());
  keras::Shape out;
  for (const Value& size : *value.list()) {
    if (!size.is_null() && size.integer() == nullptr)
      type_error("input_shape", "an integer or null is needed, got {}", size.text());
    out.push_back(size.is_null() ? std::nullopt : std::optional(*size.integer()));
  }
  return out;
}

template <int kRank>
Value call_layer(const Value::Dict& given, const Options& options) {
  const Split args(given, {"input", "second_input", "kernel", "bias"});
  keras::ConvTransposeLayer layer(kRank, args.constructor);
  const TensorView input = args.tensor("input");
  if (!input.has_value()) value_error("input", "a tensor is needed, got none");
  if (input.rank() == static_cast<std::size_t>(kRank) + 2) {
    layer.build(keras::Shape(input.shape().begin(), input.shape().end()));
    std::vector<TensorView> weights = {layer.kernel()};
    if (layer.bias().has_value()) weights.push_back(layer.bias());
    const TensorView kernel = args.tensor("kernel"), bias = args.tensor("bias");
    if (kernel.has_value()) weights[0] = kernel;
    if (bias.has_value() && weights.size() == 2) weights[1] = bias;
    layer.set_weights(weights);
  }
  OwnedTensor output = layer(input, options);
  const TensorView second = args.tensor("second_input");
  if (second.has_value()) output = layer(second, options);
  const Dims& last = second.has_value() ? second.shape() : input.shape();
  Value::List losses;
  for (const double loss : layer.losses()) losses.emplace_back(loss);
  const Value computed =
      shape_list(layer.compute_output_shape(keras::Shape(last.begin(), last.end())));
  return Value::Dict{
      {"output", std::move(output)},
      {"kernel_shape", shape_list(layer.kernel().shape())},
      {"bias_shape", layer.bias().has_value() ? shape_list(layer.bias().shape()) : Value()},
      {"losses", std::move(losses)},
      {"computed_output_shape", computed}};
}

template <int kRank>
Value compute_output_shape(const Value::Dict& given, const Options&) {
  const Split args(given, {"input_shape"});
  const keras::ConvTransposeLayer layer(kRank, args.constructor);
  return shape_list(layer.compute_output_shape(shape_of(args["input_shape"])));
}

template <int kRank>
Value get_config(const Value::Dict& given, const Options&) {
  const keras::ConvTransposeLayer layer(kRank, Split(given, {}).constructor);
  const Value config = layer.get_config();
  const std::string text = keras::dump_json(config);
  const keras::ConvTransposeLayer again(kRank, *keras::load_json(text).dict());
  return Value::Dict{{"config", config},
                     {"round_trip_equal", keras::dump_json(again.get_config()) == text}};
}

// What a weight was drawn from, or the constant that it is.
Value origin(const keras::Initializer& initializer, const TensorView& weight) {
  const keras::Initializer used =
      initializer.has_value() ? initializer : keras::initializers::make("GlorotUniform");
  Value::Dict drawn = used.distribution(weight.shape());
  if (!drawn.empty()) return drawn;
  const std::vector<double> numbers = to_numbers(weight);
  for (const double n : numbers)
    if (n != numbers.front()) return Value();
  return numbers.empty() ? Value() : Value(Value::Dict{{"constant", numbers.front()}});
}

template <int kRank>
Value build(const Value::Dict& given, const Options&) {
  const Split args(given, {"input_shape"});
  keras::ConvTransposeLayer layer(kRank, args.constructor);
  layer.build(shape_of(args["input_shape"]));
  const KerasArguments& a = layer.insides().arguments();
  Value::Dict out{{"kernel_shape", shape_list(layer.kernel().shape())},
                  {"kernel", origin(a.kernel_initializer, layer.kernel())},
                  {"bias", nullptr}};
  if (layer.bias().has_value()) out["bias"] = origin(a.bias_initializer, layer.bias());
  return out;
}

// keras.activations.get(identifier)(x); `name` is another word for identifier, and kwargs are the
// parameters.
Value activation_get(const Value::Dict& given, const Options& options) {
  constexpr std::array<Parameter, 4> kParameters{
      {{"identifier"}, {"name"}, {"x", true}, {"kwargs"}}};
  const Arguments args(given, kParameters);
  const std::string_view blamed = args.has("name") ? "name" : "identifier";
  const Value& identifier = args[blamed];
  const Value& kwargs = args["kwargs"];
  if (!kwargs.is_null() && kwargs.dict() == nullptr)
    type_error("kwargs", "a dict is needed, got {}", kwargs.text());
  keras::Activation activation = keras::activations::get(identifier, blamed);
  if (kwargs.dict() != nullptr && identifier.string() != nullptr)
    activation = keras::activations::make(*identifier.string(), *kwargs.dict());
  try {
    return activation(args.tensor("x").view, blamed, options);
  } catch (const FrontError& e) {
    if (e.argument() != "x") throw;
    throw FrontError(e.kind(), std::string(blamed), e.what());
  }
}

// One of the 32, its parameters beside x.
template <const char* kName>
Value activation_named(const Value::Dict& given, const Options& options) {
  Value::Dict parameters = given;
  parameters.erase("x");
  parameters.erase("positional");
  const keras::Activation activation = keras::activations::make(kName, parameters);
  const auto x = given.find("x");
  if (x == given.end() || x->second.tensor() == nullptr)
    type_error("x", "a tensor is needed, got {}", x == given.end() ? "none" : x->second.text());
  return activation(x->second.tensor()->view, "x", options);
}

#define TCONV_ACTIVATIONS(X)                                                                      \
  X(celu)                                                                                         \
  X(elu) X(exponential) X(gelu) X(glu) X(hard_shrink) X(hard_sigmoid) X(hard_silu) X(hard_swish)  \
      X(hard_tanh) X(leaky_relu) X(linear) X(log_sigmoid) X(log_softmax) X(mish) X(relu) X(relu6) \
          X(selu) X(sigmoid) X(silu) X(soft_shrink) X(softmax) X(softplus) X(softsign)            \
              X(sparse_plus) X(sparse_sigmoid) X(sparsemax) X(squareplus) X(swish) X(tanh)        \
                  X(tanh_shrink) X(threshold)

#define TCONV_NAME(name) constexpr char name_##name[] = #name;
TCONV_ACTIVATIONS(TCONV_NAME)
#undef TCONV_NAME

#define TCONV_ROW(name) {"keras.activations." #name, activation_named<name_##name>},
constexpr FrontDoor kDoors[] = {
    {"keras.layers.Conv1DTranspose", call_layer<1>},
    {"keras.layers.Conv2DTranspose", call_layer<2>},
    {"keras.layers.Conv3DTranspose", call_layer<3>},
    {"keras.layers.Conv1DTranspose.build", build<1>},
    {"keras.layers.Conv2DTranspose.build", build<2>},
    {"keras.layers.Conv3DTranspose.build", build<3>},
    {"keras.layers.Conv1DTranspose.compute_output_shape", compute_output_shape<1>},
    {"keras.layers.Conv2DTranspose.compute_output_shape", compute_output_shape<2>},
    {"keras.layers.Conv3DTranspose.compute_output_shape", compute_output_shape<3>},
    {"keras.layers.Conv1DTranspose.get_config", get_config<1>},
    {"keras.layers.Conv2DTranspose.get_config", get_config<2>},
    {"keras.layers.Conv3DTranspose.get_config", get_config<3>},
    {"keras.activations.get", activation_get},
    TCONV_ACTIVATIONS(TCONV_ROW)};
#undef TCONV_ROW

}  // namespace

std::span<const FrontDoor> keras_layer_front_doors() { return kDoors; }

}  // namespace tconv::frontends

// The 32 names: their parameters, and what each becomes.
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "runtime/error.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/keras_activation.h"
#include "runtime/frontends/keras_axis_functions.h"
#include "runtime/frontends/keras_config.h"

namespace tconv::frontends {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::string shortest(double value) {
  char digits[32];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
  return std::string(digits, end);
}

template <class... Numbers>
std::string with(const char* word, double first, Numbers... more) {
  std::string text = word + ("=" + shortest(first));
  ((text += "," + shortest(more)), ...);
  return text;
}

std::optional<double> optional_number(KerasConfig& config, std::string_view name) {
  const Value& value = config.take(name);
  if (value.is_null()) return std::nullopt;
  const auto number = number_of(value);
  if (!number || std::isnan(*number))
    type_error(std::string(name), "a number or null is needed, got {}", value.text());
  return number;
}

std::optional<std::int64_t> axis(KerasConfig& config, bool may_be_null) {
  if (!config.has("axis")) return -1;
  const Value& value = config.take("axis");
  if (value.is_null() && may_be_null) return std::nullopt;
  if (value.integer() == nullptr) type_error("axis", "an integer is needed, got {}", value.text());
  return *value.integer();
}

using Object = ActivationObject;

template <const char* kPost>
void post(KerasConfig&, Object& object) {
  object.post_op = kPost;
}

void celu(KerasConfig& config, Object& object) {
  const double a = config.number("alpha", 1);
  if (a >= 1e-5 && a <= 1e5) {
    object.post_op = with("celu", a);
  } else {
    object.scalar = [a](double x) {
      return std::fmax(x, 0) + a * std::expm1(std::fmin(x, 0) / a) + (std::isnan(x) ? x : 0);
    };
  }
}

void elu(KerasConfig& config, Object& object) {
  object.post_op = with("elu", config.number("alpha", 1));
}

void gelu(KerasConfig& config, Object& object) {
  const Value& approximate = config.take("approximate");
  if (!approximate.is_null() && approximate.boolean() == nullptr)
    type_error("approximate", "true or false is needed, got {}", approximate.text());
  object.post_op = !approximate.is_null() && *approximate.boolean() ? "gelu_tanh" : "gelu";
}

void hard_shrink(KerasConfig& config, Object& object) {
  const double t = config.number("threshold", 0.5);
  if (t >= 0) {
    object.post_op = with("hard_shrink", t);
  } else {
    object.scalar = [t](double x) { return std::fabs(x) > t ? x : 0; };
  }
}

void soft_shrink(KerasConfig& config, Object& object) {
  const double t = config.number("threshold", 0.5);
  if (t >= 0) {
    object.post_op = with("soft_shrink", t);
  } else {
    object.scalar = [t](double x) { return x > t ? x - t : x < -t ? x + t : 0; };
  }
}

void leaky_relu(KerasConfig& config, Object& object) {
  object.post_op = with("leaky_relu", config.number("negative_slope", 0.2));
}

// As Keras computes it: x > threshold ? x : 0, then the bound (which cuts below 0 as well), then
// the slope's part.
void relu(KerasConfig& config, Object& object) {
  const double slope = config.number("negative_slope", 0);
  const std::optional<double> given = optional_number(config, "max_value");
  const double most = given.value_or(kInfinity);
  const double t = config.number("threshold", 0);
  if (most < 0 || most == -kInfinity) {
    object.scalar = [=](double x) {
      return std::isnan(x) ? x : most - (x > t ? 0 : slope * (t - x));
    };
  } else if (t != 0 || (slope != 0 && most < kInfinity)) {
    object.post_op = with("relu_above", slope, t, most);
  } else if (slope != 0) {
    object.post_op = with("leaky_relu", slope);
  } else if (most == 6) {
    object.post_op = "relu6";
  } else {
    object.post_op = most < kInfinity ? with("clip", 0, most) : "relu";
  }
}

void squareplus(KerasConfig& config, Object& object) {
  const double b = config.number("b", 4);
  if (b == 0 || (b >= 1e-30 && b <= 1e30)) {
    object.post_op = with("squareplus", b);
  } else {
    object.scalar = [b](double x) { return (x + std::sqrt(x * x + b)) / 2; };
  }
}

void threshold(KerasConfig& config, Object& object) {
  const bool both = config.has("threshold") && config.has("default_value");
  if (!both) {
    object.error = "threshold() missing required arguments: 'threshold' and 'default_value'";
    config.take("threshold");
    config.take("default_value");
    return;
  }
  const double t = config.number("threshold", 0);
  object.post_op = with("threshold", t, config.number("default_value", 0));
}

void softmax_of(KerasConfig& config, Object& object) {
  object.whole = [at = axis(config, true)](const TensorView& x) { return softmax(x, at); };
}
void log_softmax_of(KerasConfig& config, Object& object) {
  object.whole = [at = axis(config, true)](const TensorView& x) { return log_softmax(x, at); };
}
void sparsemax_of(KerasConfig& config, Object& object) {
  object.whole = [at = *axis(config, false)](const TensorView& x) { return sparsemax(x, at); };
}
void glu_of(KerasConfig& config, Object& object) {
  object.whole = [at = *axis(config, false)](const TensorView& x) { return glu(x, at); };
}

constexpr char kNone[] = "", kExp[] = "exp", kHardSigmoid[] = "hard_sigmoid",
               kHardSwish[] = "hard_swish", kHardTanh[] = "clip=-1,1",
               kLogSigmoid[] = "log_sigmoid", kMish[] = "mish", kRelu6[] = "relu6",
               kSelu[] = "selu", kSigmoid[] = "sigmoid", kSwish[] = "swish",
               kSoftplus[] = "softplus", kSoftsign[] = "softsign", kSparsePlus[] = "sparse_plus",
               kSparseSigmoid[] = "sparse_sigmoid", kTanh[] = "tanh", kTanhShrink[] = "tanh_shrink";

struct Row {
  std::string_view name;
  void (*make)(KerasConfig&, Object&);
};
constexpr Row kRows[] = {{"celu", celu},
                         {"elu", elu},
                         {"exponential", post<kExp>},
                         {"gelu", gelu},
                         {"glu", glu_of},
                         {"hard_shrink", hard_shrink},
                         {"hard_sigmoid", post<kHardSigmoid>},
                         {"hard_silu", post<kHardSwish>},
                         {"hard_swish", post<kHardSwish>},
                         {"hard_tanh", post<kHardTanh>},
                         {"leaky_relu", leaky_relu},
                         {"linear", post<kNone>},
                         {"log_sigmoid", post<kLogSigmoid>},
                         {"log_softmax", log_softmax_of},
                         {"mish", post<kMish>},
                         {"relu", relu},
                         {"relu6", post<kRelu6>},
                         {"selu", post<kSelu>},
                         {"sigmoid", post<kSigmoid>},
                         {"silu", post<kSwish>},
                         {"soft_shrink", soft_shrink},
                         {"softmax", softmax_of},
                         {"softplus", post<kSoftplus>},
                         {"softsign", post<kSoftsign>},
                         {"sparse_plus", post<kSparsePlus>},
                         {"sparse_sigmoid", post<kSparseSigmoid>},
                         {"sparsemax", sparsemax_of},
                         {"squareplus", squareplus},
                         {"swish", post<kSwish>},
                         {"tanh", post<kTanh>},
                         {"tanh_shrink", post<kTanhShrink>},
                         {"threshold", threshold}};

// Keras' layers that may stand for an activation, and the function of each.
struct LayerName {
  std::string_view layer, function;
};
constexpr LayerName kLayers[] = {
    {"ReLU", "relu"}, {"LeakyReLU", "leaky_relu"}, {"ELU", "elu"}, {"Softmax", "softmax"}};

// What real Keras reads for parameters that are not the defaults: one of its layers, where there is
// one for the function.
Value serialized_with(std::string_view name, const Value::Dict& parameters) {
  for (const LayerName& l : kLayers)
    if (l.function == name) {
      Value::Dict config = parameters;
      if (name == "relu") {  // of which the layer wants all three
        config.try_emplace("max_value", nullptr);
        config.try_emplace("negative_slope", 0.0);
        config.try_emplace("threshold", 0.0);
      }
      return serialized("keras.layers", l.layer, std::move(config));
    }
  return serialized("keras.activations", name, parameters);
}

std::shared_ptr<Object> make(std::string_view name, const Value::Dict& parameters) {
  for (const Row& row : kRows) {
    if (row.name != name) continue;
    auto object = std::make_shared<Object>();
    KerasConfig config(parameters);
    row.make(config, *object);
    config.done();
    object->serialized =
        parameters.empty() ? Value(std::string(name)) : serialized_with(name, parameters);
    return object;
  }
  return nullptr;
}

[[noreturn]] void not_understood(std::string_view argument, const Value& identifier) {
  value_error(std::string(argument), "Could not interpret activation function identifier: {}",
              identifier.text());
}

constexpr const char* kOfEveryLayer[] = {"name", "trainable", "dtype"};

// A layer of Keras is written again as it was read, with its name and type.
std::shared_ptr<const Object> from_layer(std::string_view function, Value::Dict parameters,
                                         const Value& identifier) {
  for (const char* key : kOfEveryLayer) parameters.erase(key);
  // The layers are stricter than the functions.
  if (function == "relu" || function == "leaky_relu")
    for (const auto& [key, value] : parameters)
      if (value.is_null() ? key != "max_value" : number_of(value).value_or(0) < 0)
        value_error(key, "of a layer it must be a number, 0 or more, got {}", value.text());
  std::shared_ptr<Object> object = make(function, parameters);
  if (identifier.dict()->contains("module")) object->serialized = identifier;
  return object;
}

std::shared_ptr<const Object> from_config(const Value& identifier, std::string_view argument) {
  const auto field = [&](std::string_view name) -> const Value* {
    const auto found = identifier.dict()->find(name);
    return found == identifier.dict()->end() ? nullptr : &found->second;
  };
  const Value* const class_name = field("class_name");
  const Value* const config = field("config");
  if (class_name == nullptr || class_name->string() == nullptr)
    not_understood(argument, identifier);
  const std::string& name = *class_name->string();
  if (name == "function") {
    if (config == nullptr || config->string() == nullptr) not_understood(argument, identifier);
    const auto object = make(*config->string(), {});
    if (object == nullptr) not_understood(argument, identifier);
    return object;
  }
  Value::Dict parameters;
  if (config != nullptr && config->dict() != nullptr) parameters = *config->dict();
  for (const LayerName& l : kLayers)
    if (l.layer == name) return from_layer(l.function, std::move(parameters), identifier);
  if (name == "Activation") {  // the layer of a function
    const auto of = parameters.find("activation");
    if (of == parameters.end()) not_understood(argument, identifier);
    const keras::Activation inner = keras::activations::get(of->second, argument);
    auto object = std::make_shared<Object>(inner.insides() ? *inner.insides() : Object{});
    object->serialized = identifier;
    return object;
  }
  auto object = make(name, parameters);
  if (object == nullptr) not_understood(argument, identifier);
  return object;
}

}  // namespace
}  // namespace tconv::frontends

namespace tconv::keras::activations {

Activation get(const Value& identifier, std::string_view argument) {
  return runtime::guarded([&] {
    if (identifier.is_null()) return Activation();
    if (identifier.dict() != nullptr)
      return Activation(frontends::from_config(identifier, argument));
    auto object =
        identifier.string() == nullptr ? nullptr : frontends::make(*identifier.string(), {});
    if (object == nullptr) frontends::not_understood(argument, identifier);
    return Activation(std::move(object));
  });
}

Activation make(std::string_view name, const Value::Dict& parameters) {
  return runtime::guarded([&] {
    auto object = frontends::make(name, parameters);
    if (object == nullptr) frontends::not_understood("name", Value(std::string(name)));
    return Activation(std::move(object));
  });
}

std::vector<std::string> names() {
  std::vector<std::string> out;
  for (const auto& row : frontends::kRows) out.emplace_back(row.name);
  return out;
}

}  // namespace tconv::keras::activations

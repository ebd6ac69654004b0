// Keras' layers as objects: what the cases of tests/data do not reach (front_conformance_test.cpp).
#include "tconv/keras.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <thread>

namespace tconv::keras {
namespace {

OwnedTensor numbers(const Dims& shape, float step = 0.25F) {
  OwnedTensor out(DType::f32, shape);
  const auto values = out.as<float>();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = step * static_cast<float>(static_cast<int>(i * 7 % 11) - 5);
  return out;
}

std::vector<float> elements(const OwnedTensor& t) {
  return {t.as<float>().begin(), t.as<float>().end()};
}

template <class Body>
void expect_error(const Body& body, ErrorKind kind, const std::string& argument) {
  try {
    body();
    ADD_FAILURE() << "no error for " << argument;
  } catch (const FrontError& e) {
    EXPECT_EQ(e.kind(), kind) << e.what();
    EXPECT_EQ(e.argument(), argument) << e.what();
  }
}

Conv2DTranspose built(LayerArguments arguments) {
  if (arguments.filters.is_null()) arguments.filters = 4;
  if (arguments.kernel_size.is_null()) arguments.kernel_size = 3;
  Conv2DTranspose layer(arguments);
  layer.build({1, 4, 5, 3});
  const OwnedTensor kernel = numbers(layer.kernel().shape());
  std::vector<TensorView> weights = {kernel.view()};
  const OwnedTensor bias = numbers({4}, 0.5F);
  if (layer.bias().has_value()) weights.push_back(bias.view());
  layer.set_weights(weights);
  return layer;
}

TEST(KerasLayer, TheObjectIsWhatItsConfigSays) {
  Conv3DTranspose layer(
      LayerArguments{.filters = 2,
                     .kernel_size = Value::List{1, 2, 3},
                     .strides = 3,
                     .padding = "SAME",
                     .output_padding = Value::List{0, 1, 2},
                     .data_format = "channels_first",
                     .activation = activations::make("leaky_relu", {{"negative_slope", 0.1}}),
                     .use_bias = false,
                     .kernel_initializer = "he_normal",
                     .kernel_regularizer = "l2",
                     .activity_regularizer = "l1",
                     .kernel_constraint = "max_norm",
                     .trainable = false,
                     .name = "up",
                     .dtype = "mixed_bfloat16"});
  const Value config = layer.get_config();
  const std::string text = dump_json(config);
  const auto again = Conv3DTranspose::from_config(*load_json(text).dict());
  EXPECT_EQ(dump_json(again.get_config()), text);
  EXPECT_EQ(*config.dict()->at("padding").string(), "same");
  EXPECT_EQ(*config.dict()->at("activation").dict()->at("class_name").string(), "LeakyReLU");
  EXPECT_EQ(layer.variable_dtype(), DType::f32);
  EXPECT_EQ(layer.compute_dtype(), DType::bf16);
  layer.build({std::nullopt, 5, std::nullopt, 4, 4});
  const ConvTransposeLayer whole = deserialize(load_json(dump_json(layer.serialize())));
  EXPECT_TRUE(whole.built());
  EXPECT_EQ(whole.kernel().shape(), (Dims{1, 2, 3, 2, 5}));
  EXPECT_EQ(whole.name(), "up");
  EXPECT_FALSE(whole.trainable());
}

// A config as Keras 3.15 writes it, with layers as activations and whole numbers where it has them,
// is written again as it was read.
TEST(KerasLayer, ConfigsOfKerasComeBackAsTheyWere) {
  const auto object = [](const char* module, const char* class_name, Value::Dict config) {
    return Value(Value::Dict{{"module", module},
                             {"class_name", class_name},
                             {"config", std::move(config)},
                             {"registered_name", nullptr}});
  };
  const Value policy = object("keras", "DTypePolicy", {{"name", "float32"}});
  const auto layer = [&](const char* class_name, Value::Dict config) {
    config.insert({{"name", "act"}, {"trainable", true}, {"dtype", policy}});
    return object("keras.layers", class_name, std::move(config));
  };
  struct Case {
    const char* argument;
    Value given;
    std::string post_op = {};
  };
  const Case cases[] = {
      {"activation",
       layer("ReLU", {{"max_value", 1.5}, {"negative_slope", 0.25}, {"threshold", 0.5}}),
       "relu_above=0.25,0.5,1.5"},
      {"activation", layer("LeakyReLU", {{"negative_slope", 0.1}}), "leaky_relu=0.1"},
      {"activation", layer("ELU", {{"alpha", 0.7}}), "elu=0.7"},
      {"activation", layer("Activation", {{"activation", "gelu"}}), "gelu"},
      {"activation", layer("Softmax", {{"axis", 1}})},
      {"kernel_initializer", object("keras.initializers", "RandomUniform",
                                    {{"minval", -1}, {"maxval", 2}, {"seed", nullptr}})},
      {"kernel_initializer", object("keras.initializers", "TruncatedNormal",
                                    {{"mean", 1}, {"stddev", 0.5}, {"seed", 3}})},
      {"bias_initializer", object("keras.initializers", "Constant", {{"value", 1}})},
      {"kernel_constraint",
       object("keras.constraints", "MaxNorm", {{"max_value", 3}, {"axis", Value::List{0, 1}}})},
  };
  for (const Case& c : cases) {
    const Value::Dict config = {{"filters", 2}, {"kernel_size", 3}, {c.argument, c.given}};
    const Conv2DTranspose made = Conv2DTranspose::from_config(config);
    EXPECT_EQ(dump_json(made.get_config().dict()->at(c.argument)), dump_json(c.given));
    if (std::string_view(c.argument) != "activation") continue;
    EXPECT_EQ(activations::get(c.given).post_op(), c.post_op);
  }
}

// What Keras refuses as well, by the name of the argument.
TEST(KerasLayer, WrongArgumentsAreNamed) {
  const auto with = [](const char* argument, const Value& value) {
    (void)Conv2DTranspose({{"filters", 2}, {"kernel_size", 3}, {argument, value}});
  };
  struct Case {
    const char* argument;
    Value value;
    const char* blamed;
    ErrorKind kind = ErrorKind::value_error;
  };
  const auto layer = [](const char* class_name, Value::Dict config) {
    return Value(Value::Dict{
        {"module", "keras.layers"}, {"class_name", class_name}, {"config", std::move(config)}});
  };
  const Case cases[] = {
      {"trainable", 1, "trainable"},
      {"trainable", nullptr, "trainable"},
      {"dtype", "half", "dtype"},
      {"dtype", "f32", "dtype"},
      {"dtype", "mixed_float32", "dtype"},
      {"dtype", 3, "dtype", ErrorKind::type_error},
      {"name", "a/b", "name"},
      {"groups", 2, "groups"},
      {"activation", layer("ReLU", {{"negative_slope", -1.0}}), "negative_slope"},
      {"activation", layer("ReLU", {{"max_value", -1}}), "max_value"},
      {"activation", layer("ReLU", {{"threshold", nullptr}}), "threshold"},
      {"activation", layer("LeakyReLU", {{"negative_slope", -0.5}}), "negative_slope"},
      {"activation", layer("PReLU", {}), "activation"},
      {"activation", layer("Activation", {}), "activation"},
      {"activation", layer("Activation", {{"activation", "Relu"}}), "activation"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(c.argument) + " " + c.value.text());
    expect_error([&] { with(c.argument, c.value); }, c.kind, c.blamed);
  }
}

TEST(KerasLayer, BuiltLayersRunIntoMemoryOfTheCaller) {
  Conv2DTranspose layer = built({.strides = 2, .padding = "same", .activation = "gelu"});
  const OwnedTensor x = numbers({2, 4, 5, 3});
  const OwnedTensor y = layer(x);
  EXPECT_EQ(y.shape(), (Dims{2, 8, 10, 4}));
  OwnedTensor again(DType::f32, y.shape());
  layer.call(x, again.mutable_view());
  EXPECT_EQ(elements(again), elements(y));
  OwnedTensor wrong(DType::f32, {2, 8, 10, 3});
  expect_error([&] { layer.call(x, wrong.mutable_view()); }, ErrorKind::invalid_argument, "output");
}

TEST(KerasLayer, ActivationsThatLookAtAnAxisRunAfterTheKernel) {
  Conv2DTranspose linear = built({}), soft = built({.activation = "softmax"}),
                  sparse = built({.activation = "sparsemax"}),
                  halved = built({.activation = "glu"});
  const OwnedTensor x = numbers({1, 4, 5, 3});
  const std::vector<float> z = elements(linear(x)), y = elements(soft(x)), s = elements(sparse(x));
  const OwnedTensor g = halved(x);
  EXPECT_EQ(g.shape(), (Dims{1, 6, 7, 2}));
  for (std::size_t pixel = 0; pixel < z.size(); pixel += 4) {
    double sum = 0, simplex = 0;
    for (std::size_t c = 0; c < 4; ++c) sum += std::exp(z[pixel + c]);
    for (std::size_t c = 0; c < 4; ++c) {
      EXPECT_NEAR(y[pixel + c], std::exp(z[pixel + c]) / sum, 1e-6);
      simplex += s[pixel + c];
    }
    EXPECT_NEAR(simplex, 1, 1e-6);
    for (std::size_t c = 0; c < 2; ++c)
      EXPECT_NEAR(g.as<float>()[pixel / 2 + c], z[pixel + c] / (1 + std::exp(-z[pixel + c + 2])),
                  1e-5);
  }
}

TEST(KerasLayer, ThreadsShareABuiltLayer) {
  const Conv2DTranspose layer = built({.strides = 2, .padding = "same", .activation = "softplus"});
  std::vector<OwnedTensor> inputs, alone;
  for (int i = 0; i < 4; ++i) {
    inputs.push_back(numbers({1, 4 + i, 5, 3}, 0.25F * static_cast<float>(i + 1)));
    alone.push_back(layer.call(inputs.back()));
  }
  std::vector<int> right(inputs.size(), 0);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    threads.emplace_back([&, i] {
      for (int round = 0; round < 20; ++round)
        right[i] += elements(layer.call(inputs[i])) == elements(alone[i]) ? 1 : 0;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, std::vector<int>(inputs.size(), 20));
}

TEST(KerasLayer, WrongWeightsChangeNothing) {
  Conv2DTranspose layer = built({});
  const auto before = layer.get_weights();
  const OwnedTensor kernel = numbers({3, 3, 4, 3}), bias = numbers({4}),
                    wide = numbers({3, 3, 4, 2});
  const OwnedTensor integers(DType::i32, {4});
  expect_error([&] { layer.set_weights({kernel.view()}); }, ErrorKind::value_error, "weights");
  expect_error(
      [&] {
        layer.set_weights({wide.view(), bias.view()});
      },
      ErrorKind::value_error, "weights");
  expect_error(
      [&] {
        layer.set_weights({kernel.view(), integers.view()});
      },
      ErrorKind::type_error, "weights");
  const auto after = layer.get_weights();
  EXPECT_EQ(elements(after[0]), elements(before[0]));
  EXPECT_EQ(elements(after[1]), elements(before[1]));
  Conv2DTranspose unbuilt(LayerArguments{.filters = 1, .kernel_size = 1});
  expect_error([&] { unbuilt.set_weights({kernel.view()}); }, ErrorKind::value_error, "weights");
  expect_error([&] { (void)unbuilt.call(kernel.view()); }, ErrorKind::value_error, "layer");
}

TEST(KerasLayer, LossesAndConstraints) {
  Conv2DTranspose layer = built({.kernel_regularizer = "l2",
                                 .bias_regularizer = "l1",
                                 .activity_regularizer = "l2",
                                 .kernel_constraint = "non_neg"});
  EXPECT_EQ(layer.losses().size(), 2U);
  const OwnedTensor x = numbers({2, 4, 5, 3});
  const std::vector<float> y = elements(layer(x)), w = elements(layer.get_weights()[0]);
  const std::vector<double> losses = layer.losses();
  ASSERT_EQ(losses.size(), 3U);
  const auto squares = [](const std::vector<float>& v) {
    return std::accumulate(v.begin(), v.end(), 0.0,
                           [](double sum, float e) { return sum + static_cast<double>(e) * e; });
  };
  EXPECT_NEAR(losses[0], 0.01 * squares(y) / 2, 1e-4);
  EXPECT_NEAR(losses[1], 0.01 * squares(w), 1e-5);
  layer.apply_constraints();
  const std::vector<float> projected = elements(layer.get_weights()[0]);
  for (std::size_t i = 0; i < w.size(); ++i) EXPECT_EQ(projected[i], std::max(w[i], 0.0F));
}

TEST(KerasLayer, CallablesStandForEveryObject) {
  Conv2DTranspose layer(
      LayerArguments{.filters = 2,
                     .kernel_size = 1,
                     .activation = Activation("twice",
                                              [](const TensorView& x) {
                                                OwnedTensor y = OwnedTensor::copy(x);
                                                for (float& v : y.as<float>()) v *= 2;
                                                return y;
                                              }),
                     .kernel_initializer = Initializer("threes", [](const Dims& shape, DType) {
                       OwnedTensor w(DType::f32, shape);
                       for (float& v : w.as<float>()) v = 3;
                       return w;
                     })});
  OwnedTensor x(DType::f32, {1, 1, 1, 1});
  x.as<float>()[0] = 5;
  EXPECT_EQ(elements(layer(x)), (std::vector<float>{30, 30}));
}

TEST(KerasActivations, EveryNameByNameAndByConfig) {
  EXPECT_EQ(activations::names().size(), 32U);
  for (const std::string& name : activations::names()) {
    const Activation activation = activations::get(name);
    EXPECT_EQ(*activation.serialize().string(), name);
    const Activation by_config =
        activations::get(Value::Dict{{"class_name", "function"}, {"config", name}});
    EXPECT_EQ(by_config.post_op(), activation.post_op());
  }
  EXPECT_EQ(activations::make("relu", {{"max_value", 6}}).post_op(), "relu6");
  EXPECT_EQ(activations::make("relu", {{"threshold", 1.5}}).post_op(), "relu_above=0,1.5,inf");
  EXPECT_EQ(activations::make("gelu", {{"approximate", true}}).post_op(), "gelu_tanh");
  EXPECT_EQ(activations::make("elu", {{"alpha", 2}}).post_op(), "elu=2");
  expect_error([] { (void)activations::get("Relu"); }, ErrorKind::value_error, "identifier");
  expect_error(
      [] {
        (void)activations::make("elu", {{"beta", 1}});
      },
      ErrorKind::type_error, "beta");
}

// Parameters that no post-op has run beside the kernel.
TEST(KerasActivations, ParametersOutsideOfThePostOps) {
  const OwnedTensor x = numbers({5});
  const OwnedTensor y = activations::make("celu", {{"alpha", -2}})(x);
  for (std::size_t i = 0; i < 5; ++i) {
    const double v = x.as<float>()[i];
    EXPECT_NEAR(y.as<float>()[i], std::max(v, 0.0) - 2 * std::expm1(std::min(v, 0.0) / -2), 1e-6);
  }
  const OwnedTensor z = activations::make("hard_shrink", {{"threshold", -1}})(x);
  EXPECT_EQ(elements(z), elements(x));
}

TEST(KerasJson, DamagedTextIsRefused) {
  for (const char* text : {"", "{", "[1,", "{\"a\":}", "nul", "\"\\ud800\"", "1e999999"})
    expect_error([&] { (void)load_json(text); }, ErrorKind::value_error, "text");
  expect_error([] { (void)load_json(std::string(5000, '[')); }, ErrorKind::value_error, "text");
  expect_error([] { (void)dump_json(Value(std::nan(""))); }, ErrorKind::value_error, "value");
}

}  // namespace
}  // namespace tconv::keras

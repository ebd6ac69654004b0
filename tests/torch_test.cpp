// PyTorch's functions and modules: what arguments come to, every rule with the argument that is
// blamed, int64, and inputs without a batch.
#include "tconv/torch.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "tests/support/front_error.h"

namespace tconv {
namespace {

using tests::refusal;
using tests::Refusal;
using torch::ModuleOptions;
using torch::Parameters;

const float kNothing = 0;  // rules look at shapes alone

TensorView shaped(const Dims& shape, DType dtype = DType::f32) { return {&kNothing, dtype, shape}; }

template <class T>
std::vector<T> values(const OwnedTensor& tensor) {
  return {tensor.as<T>().begin(), tensor.as<T>().end()};
}

TEST(Torch, ProblemLine) {
  EXPECT_EQ(
      torch::problem_line(2, shaped({3, 4, 5, 6}, DType::bf16), shaped({4, 3, 2, 1}, DType::bf16),
                          shaped({6}, DType::bf16), {{3, 1}, {1, 0}, {2, 0}, 2, 1}),
      "bf16 nchw n=3 g=2 ic=4 oc=6 i=5x6 o=14x6 k=2x1 s=3x1 d=1x1 p=1x0 filter=torch "
      "bias=bf16");
  EXPECT_EQ(torch::problem_line(1, shaped({4, 5}), shaped({4, 3, 2})),
            "f32 ncw n=1 ic=4 oc=3 i=5 o=6 k=2 s=1 d=1 p=0 filter=torch");
  EXPECT_EQ(
      torch::problem_line(3, shaped({0, 1, 2, 2, 2}), shaped({1, 1, 2, 2, 2}), {}, {2, 0, 1, 1, 1}),
      "f32 ncdhw n=0 ic=1 oc=1 i=2x2x2 o=5x5x5 k=2x2x2 s=2x2x2 d=1x1x1 p=0x0x0 filter=torch");
}

TEST(Torch, WithoutABatch) {
  const float x[4] = {1, 2, 3, 4}, w[2] = {1, 10};
  const OwnedTensor y = torch::conv_transpose1d(TensorView(x, {1, 4}), TensorView(w, {1, 1, 2}));
  EXPECT_EQ(y.shape(), (Dims{1, 5}));
  EXPECT_EQ(values<float>(y), (std::vector<float>{1, 12, 23, 34, 40}));
  // The same memory read backwards.
  const OwnedTensor z = torch::conv_transpose1d(TensorView(x + 3, DType::f32, {1, 4}, {4, -1}),
                                                TensorView(w, {1, 1, 2}));
  EXPECT_EQ(values<float>(z), (std::vector<float>{4, 43, 32, 21, 10}));
}

TEST(Torch, PackedWeights) {
  const float x[4] = {1, 2, 3, 4}, w[2] = {1, 10};
  const PackedFilters packed(TensorView(w, {1, 1, 2}));
  const OwnedTensor y = torch::conv_transpose1d(TensorView(x, {1, 4}), packed);
  EXPECT_EQ(values<float>(y), (std::vector<float>{1, 12, 23, 34, 40}));
  EXPECT_EQ(refusal([&] {
              torch::conv_transpose2d(TensorView(x, {1, 2, 2}), packed);
            }).argument,
            "weight");
  const OwnedTensor flat = torch::conv_transpose2d(TensorView(x, {1, 1, 2, 2}),
                                                   PackedFilters(TensorView(w, {1, 1, 1, 2})));
  EXPECT_EQ(values<float>(flat), (std::vector<float>{1, 12, 20, 3, 34, 40}));
  const OwnedTensor deep = torch::conv_transpose3d(TensorView(x, {1, 1, 1, 2, 2}),
                                                   PackedFilters(TensorView(w, {1, 1, 1, 1, 2})));
  EXPECT_EQ(values<float>(deep), values<float>(flat));
}

// The same numbers as f64, which are exact, through kernels.
TEST(Torch, Int64IsTheDefinition) {
  struct Shape {
    Dims x, w;
    Parameters p;
  };
  const Shape shapes[] = {{{2, 4, 3}, {4, 2, 3}, {2, 1, 1, 2, 1}},
                          {{1, 2, 3, 2}, {2, 3, 2, 3}, {{3, 1}, {1, 2}, {2, 0}, 1, {1, 2}}},
                          {{2, 2, 3, 2, 4}, {2, 1, 2, 1, 3}, {{1, 3, 2}, {0, 0, 1}, 0, 2, 1}}};
  for (const Shape& shape : shapes) {
    const auto axes = static_cast<int>(shape.x.size()) - 2;
    const auto function = [axes](const TensorView& x, const TensorView& w, const TensorView& b,
                                 const Parameters& p) {
      if (axes == 1) return torch::conv_transpose1d(x, w, b, p);
      return axes == 2 ? torch::conv_transpose2d(x, w, b, p) : torch::conv_transpose3d(x, w, b, p);
    };
    std::vector<std::int64_t> x(static_cast<std::size_t>(*element_count(shape.x)));
    std::vector<std::int64_t> w(static_cast<std::size_t>(*element_count(shape.w)));
    for (std::size_t e = 0; e < x.size(); ++e) x[e] = static_cast<std::int64_t>(e * 7 % 11) - 5;
    for (std::size_t e = 0; e < w.size(); ++e) w[e] = static_cast<std::int64_t>(e * 5 % 7) - 3;
    const std::int64_t outputs = shape.w[1] * shape.p.groups;
    std::vector<std::int64_t> b(static_cast<std::size_t>(outputs), 2);
    const std::vector<double> xd(x.begin(), x.end()), wd(w.begin(), w.end()),
        bd(b.begin(), b.end());
    const OwnedTensor whole = function(TensorView(x.data(), shape.x), TensorView(w.data(), shape.w),
                                       TensorView(b.data(), {outputs}), shape.p);
    const OwnedTensor exact =
        function(TensorView(xd.data(), shape.x), TensorView(wd.data(), shape.w),
                 TensorView(bd.data(), {outputs}), shape.p);
    ASSERT_EQ(whole.shape(), exact.shape());
    const auto a = whole.as<std::int64_t>();
    for (std::size_t e = 0; e < a.size(); ++e)
      ASSERT_EQ(static_cast<double>(a[e]), exact.as<double>()[e]) << axes << "-D element " << e;
  }
}

TEST(Torch, Int64Wraps) {
  const std::int64_t x[1] = {std::numeric_limits<std::int64_t>::max()}, w[1] = {2};
  const OwnedTensor y = torch::conv_transpose1d(TensorView(x, {1, 1}), TensorView(w, {1, 1, 1}));
  EXPECT_EQ(values<std::int64_t>(y), (std::vector<std::int64_t>{-2}));
}

struct Case {
  const char* blamed;
  const char* says;
  std::function<void(Parameters&)> set;
  Dims x = {1, 2, 3, 3}, w = {2, 1, 2, 2}, b = {};
};

TEST(Torch, EveryRuleBlamesItsArgument) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const Case cases[] = {
      {"input", "4 axes", {}, {1, 2}},
      {"input", "4 axes", {}, {1, 1, 2, 3, 3}},
      {"input", "batch", {}, {1, 2, 0, 3}},
      {"weight", "4 axes", {}, {1, 2, 3, 3}, {2, 1, 2}},
      {"weight", "2 channels", {}, {1, 2, 3, 3}, {3, 1, 2, 2}},
      {"weight", "channels", {}, {1, 0, 3, 3}, {0, 1, 2, 2}},
      {"weight", "channels", {}, {1, 2, 3, 3}, {2, 0, 2, 2}},
      {"weight", "kernel", {}, {1, 2, 3, 3}, {2, 1, 0, 2}},
      {"bias", "[1]", {}, {1, 2, 3, 3}, {2, 1, 2, 2}, {2}},
      {"bias", "[1]", {}, {1, 2, 3, 3}, {2, 1, 2, 2}, {1, 1}},
      {"groups", "at least 1", [](auto& p) { p.groups = 0; }},
      {"groups", "does not divide", [](auto& p) { p.groups = 3; }},
      {"stride", "[0]", [](auto& p) { p.stride = 0; }},
      {"stride", "[1, 1, 1]",
       [](auto& p) {
         p.stride = {1, 1, 1};
       }},
      {"stride", "2^59", [](auto& p) { p.stride = most; }},
      {"stride", "2^59", [](auto& p) { p.stride = most / 16; }},
      {"dilation", "[0]", [](auto& p) { p.dilation = 0; }},
      {"dilation", "2^59", [](auto& p) { p.dilation = most / 16; }, {1, 2, 1, 1}, {2, 1, 3, 3}},
      {"padding", "[-1]", [](auto& p) { p.padding = -1; }},
      {"padding", "leaves 0 of 4", [](auto& p) { p.padding = 2; }},
      {"output_padding", "[-1]", [](auto& p) { p.output_padding = -1; }},
      {"output_padding", "smaller",
       [](auto& p) {
         p.output_padding = {0, 1};
       }},
      {"weight", "problem", [](auto& p) { p.stride = std::int64_t{1} << 40; }},
  };
  for (const Case& c : cases) {
    Parameters parameters;
    if (c.set) c.set(parameters);
    const TensorView b = c.b.empty() ? TensorView() : shaped(c.b);
    const Refusal said =
        refusal([&] { torch::conv_transpose2d(shaped(c.x), shaped(c.w), b, parameters); });
    EXPECT_EQ(said.argument, c.blamed) << said.what;
    EXPECT_EQ(name(said.kind), "InvalidArgument") << said.what;
    EXPECT_NE(said.what.find(c.says), std::string::npos) << said.what;
  }
  // Less than the dilation is enough.
  EXPECT_EQ(
      refusal([] {
        torch::problem_line(2, shaped({1, 2, 3, 3}), shaped({2, 1, 2, 2}), {}, {2, 0, 2, 1, 3});
      }).what,
      "");
}

TEST(Torch, Types) {
  const auto blamed = [](DType x, DType w, DType b) {
    return refusal([&] {
             torch::problem_line(1, shaped({1, 1, 1}, x), shaped({1, 1, 1}, w), shaped({1}, b));
           })
        .argument;
  };
  for (DType type : {DType::f16, DType::bf16, DType::f32, DType::f64})
    EXPECT_EQ(blamed(type, type, type), "") << name(type);
  EXPECT_EQ(blamed(DType::i32, DType::i32, DType::i32), "input");
  EXPECT_EQ(blamed(DType::f32, DType::f64, DType::f32), "weight");
  EXPECT_EQ(blamed(DType::f32, DType::f32, DType::f16), "bias");
}

ModuleOptions small() {
  ModuleOptions options;
  options.in_channels = 2;
  options.out_channels = 4;
  options.kernel_size = 3;
  options.stride = 2;
  return options;
}

TEST(TorchModule, RunsWithItsWeights) {
  ModuleOptions options = small();
  options.in_channels = 1;
  options.out_channels = 1;
  options.kernel_size = 2;
  options.output_padding = 1;
  torch::ConvTranspose module(1, options);
  const float w[2] = {1, 10}, b[1] = {5}, x[2] = {1, 2};
  module.set_weight(TensorView(w, {1, 1, 2}));
  module.set_bias(TensorView(b, {1}));
  EXPECT_EQ(values<float>(module.forward(TensorView(x, {1, 1, 2}))),
            (std::vector<float>{6, 15, 7, 25, 5}));
  EXPECT_EQ(values<float>(module.forward(TensorView(x, {1, 1, 2}), {4})),
            (std::vector<float>{6, 15, 7, 25}))
      << "output_size stands in for output_padding";
  EXPECT_EQ(module.forward(TensorView(x, {1, 1, 2}), {7, 7, 5}).shape(), (Dims{1, 1, 5}));
}

TEST(TorchModule, EveryRuleBlamesItsArgument) {
  const auto constructor = [](const std::function<void(ModuleOptions&)>& set) {
    ModuleOptions options = small();
    set(options);
    const Refusal said = refusal([&] { torch::ConvTranspose(2, options); });
    return said.argument + ' ' + std::string(name(said.kind));
  };
  EXPECT_EQ(constructor([](auto& o) { o.groups = 0; }), "groups ValueError");
  EXPECT_EQ(constructor([](auto& o) { o.groups = 3; }), "groups ValueError");
  EXPECT_EQ(constructor([](auto& o) { o.in_channels = 0; }), "in_channels ValueError");
  EXPECT_EQ(constructor([](auto& o) { o.out_channels = -4; }), "out_channels ValueError");
  EXPECT_EQ(constructor([](auto& o) { o.out_channels = 3, o.groups = 2; }), "groups ValueError");
  EXPECT_EQ(constructor([](auto& o) { o.padding_mode = "reflect"; }), "padding_mode ValueError");
  EXPECT_EQ(constructor([](auto& o) { o.kernel_size = {1, 2, 3}; }), "kernel_size InvalidArgument");
  EXPECT_EQ(constructor([](auto& o) { o.dtype = DType::i32; }), "dtype TypeError");
  EXPECT_EQ(refusal([] { torch::ConvTranspose(4, small()); }).argument, "axes");

  torch::ConvTranspose module(2, small());
  const auto call = [&module](const Dims& input, const std::vector<std::int64_t>& output_size) {
    const Refusal said = refusal([&] { module.forward(shaped(input), output_size); });
    return said.argument + ' ' + std::string(name(said.kind));
  };
  EXPECT_EQ(call({1, 2, 3, 3}, {6, 7}), "output_size ValueError");
  EXPECT_EQ(call({1, 2, 3, 3}, {7, 9}), "output_size ValueError");
  EXPECT_EQ(call({1, 2, 3, 3}, {7}), "output_size ValueError");
  EXPECT_EQ(call({2, 3, 3}, {1, 2, 7, 7}), "output_size ValueError") << "a batch that is not there";
  EXPECT_EQ(call({3, 3}, {7, 7}), "input InvalidArgument");
  EXPECT_EQ(call({1, 3, 3, 3}, {7, 7}), "weight InvalidArgument");
  EXPECT_EQ(refusal([&] { module.set_weight(shaped({2, 4, 3})); }).argument, "weight");
  EXPECT_EQ(refusal([&] {
              module.set_weight(shaped({2, 4, 3, 3}, DType::f16));
            }).argument,
            "weight");
  EXPECT_EQ(refusal([&] { module.set_bias(shaped({2})); }).argument, "bias");
  ModuleOptions options = small();
  options.bias = false;
  EXPECT_EQ(refusal([&] { torch::ConvTranspose(2, options).set_bias(shaped({4})); }).argument,
            "bias");
}

TEST(Torch, WrongKindsOfValueInADynamicCall) {
  const auto blamed = [](const char* name, const Value& value) {
    Value::Dict arguments = {{"input", shaped({1, 1, 3})}, {"weight", shaped({1, 1, 2})}};
    arguments[name] = value;
    const Refusal said = refusal([&] { call("torch.nn.functional.conv_transpose1d", arguments); });
    return said.argument + ' ' + std::string(tconv::name(said.kind));
  };
  EXPECT_EQ(blamed("stride", 1.5), "stride TypeError");
  EXPECT_EQ(blamed("padding", "same"), "padding TypeError");
  EXPECT_EQ(blamed("groups", Value::List{1}), "groups TypeError");
  EXPECT_EQ(blamed("bias", 3), "bias TypeError");
  EXPECT_EQ(blamed("input", nullptr), "input TypeError");
  EXPECT_EQ(blamed("strides", 1), "strides TypeError");
  EXPECT_EQ(refusal([] { call("torch.nn.functional.conv_transpose1d", {}); }).argument, "input");
}

TEST(TorchModule, DynamicCall) {
  const float w[2] = {1, 10}, b[1] = {5}, x[2] = {1, 2};
  Value::Dict arguments = {{"in_channels", 1}, {"out_channels", 1}, {"kernel_size", 2}};
  const Value built = call("torch.nn.ConvTranspose1d", arguments);
  EXPECT_EQ(built.dict()->at("weight_shape").text(), "[1, 1, 2]");
  EXPECT_EQ(built.dict()->at("bias_shape").text(), "[1]");
  arguments["state_dict"] =
      Value::Dict{{"weight", TensorView(w, {1, 1, 2})}, {"bias", TensorView(b, {1})}};
  arguments["input"] = TensorView(x, {1, 2});
  const Value called = call("torch.nn.ConvTranspose1d", arguments);
  const Value& y = called.dict()->at("output");
  ASSERT_NE(y.tensor(), nullptr);
  EXPECT_EQ(y.tensor()->view.shape(), (Dims{1, 3}));
  EXPECT_EQ(static_cast<const float*>(y.tensor()->view.data())[1], 17);
}

}  // namespace
}  // namespace tconv

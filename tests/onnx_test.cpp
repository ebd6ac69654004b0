// ONNX' ConvTranspose: what attributes come to, and every rule of the operator with the argument
// that is blamed.
#include "tconv/onnx.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "tests/support/front_error.h"

namespace tconv {
namespace {

using onnx::ConvTransposeAttributes;
using tests::refusal;
using tests::Refusal;

const float kNothing = 0;  // rules look at shapes alone

TensorView shaped(const Dims& shape, DType dtype = DType::f32) { return {&kNothing, dtype, shape}; }

std::string line(const Dims& x, const Dims& w, const ConvTransposeAttributes& attributes) {
  return onnx::problem_line(shaped(x), shaped(w), {}, attributes);
}

ConvTransposeAttributes with(const std::function<void(ConvTransposeAttributes&)>& set) {
  ConvTransposeAttributes attributes;
  if (set) set(attributes);
  return attributes;
}

// Output length and crop of one axis: "o=.. k=.. .. p=..".
std::string axis(std::int64_t i, std::int64_t k, ConvTransposeAttributes attributes) {
  const std::string all = line({1, 1, i}, {1, 1, k}, attributes);
  const auto word = [&all](const std::string& name) {
    const std::size_t at = all.find(' ' + name + '=');
    return all.substr(at + 1, all.find(' ', at + 1) - at - 1);
  };
  return word("o") + ' ' + word("p");
}

TEST(Onnx, ProblemLine) {
  EXPECT_EQ(onnx::problem_line(shaped({2, 4, 3, 5}, DType::f16), shaped({4, 3, 2, 1}, DType::f16),
                               shaped({6}, DType::f16), with([](auto& a) {
                                 a.group = 2;
                                 a.strides = {{3, 1}};
                                 a.dilations = {{1, 2}};
                                 a.pads = {{1, 0, 0, 2}};
                                 a.output_padding = {{2, 0}};
                                 a.kernel_shape = {{2, 1}};
                               })),
            "f16 nchw n=2 g=2 ic=4 oc=6 i=3x5 o=9x3 k=2x1 s=3x1 d=1x2 p=1x0 filter=torch bias=f16");
}

TEST(Onnx, SurplusIsSplitByAutoPad) {
  const auto same = [](const char* auto_pad) {
    return with([auto_pad](auto& a) {
      a.auto_pad = auto_pad;
      a.strides = {{2}};
    });
  };
  EXPECT_EQ(axis(3, 5, same("SAME_UPPER")), "o=6 p=1");  // 9 - 6 = 3: 1 before, 2 after
  EXPECT_EQ(axis(3, 5, same("SAME_LOWER")), "o=6 p=2");
  EXPECT_EQ(axis(3, 5, same("VALID")), "o=9 p=0");
  EXPECT_EQ(axis(3, 1, same("SAME_UPPER")), "o=5 p=0");  // not beyond the natural length
  const auto given = [](const char* auto_pad, std::int64_t length) {
    return with([auto_pad, length](auto& a) {
      a.auto_pad = auto_pad;
      a.strides = {{2}};
      a.output_shape = {{length}};
    });
  };
  EXPECT_EQ(axis(3, 5, given("NOTSET", 6)), "o=6 p=2");
  EXPECT_EQ(axis(3, 5, given("VALID", 6)), "o=6 p=2");
  EXPECT_EQ(axis(3, 5, given("SAME_UPPER", 6)), "o=6 p=1");
  EXPECT_EQ(axis(3, 5, given("NOTSET", 10)), "o=10 p=0") << "longer than natural: zeros at the end";
}

TEST(Onnx, OutputShapeOverridesPads) {
  EXPECT_EQ(axis(4, 3, with([](auto& a) {
                   a.pads = {{2, 0}};
                   a.output_shape = {{6}};
                 })),
            "o=6 p=0");
}

TEST(Onnx, EmptyInputsGiveTheBias) {
  const float bias[2] = {3, -4}, nothing = 0, w[6] = {};
  const OwnedTensor y =
      onnx::conv_transpose(TensorView(&nothing, {1, 1, 0}), TensorView(w, {1, 2, 3}),
                           TensorView(bias, {2}), {}, Options::parse("backend=interpreter"));
  ASSERT_EQ(y.shape(), (Dims{1, 2, 2}));
  EXPECT_EQ(std::vector<float>(y.as<float>().begin(), y.as<float>().end()),
            (std::vector<float>{3, 3, -4, -4}));
}

TEST(Onnx, PackedFilters) {
  const float x[3] = {3, 2, 1}, w[2] = {1, 10}, b[1] = {1};
  const tconv::PackedFilters packed(TensorView(w, {1, 1, 2}));
  const OwnedTensor y = onnx::conv_transpose(TensorView(x, {1, 1, 3}), packed, TensorView(b, {1}));
  EXPECT_EQ(std::vector<float>(y.as<float>().begin(), y.as<float>().end()),
            (std::vector<float>{4, 33, 22, 11}));
  EXPECT_EQ(refusal([&] { onnx::conv_transpose(TensorView(x, {1, 3, 1}), packed); }).argument, "W");
}

TEST(Onnx, StridedViewsAreComputed) {
  // X is every second of these, backwards: 3 2 1.
  const float x[5] = {1, 0, 2, 0, 3}, w[2] = {1, 10};
  const OwnedTensor y = onnx::conv_transpose(TensorView(x + 4, DType::f32, {1, 1, 3}, {0, 0, -2}),
                                             TensorView(w, {1, 1, 2}));
  EXPECT_EQ(std::vector<float>(y.as<float>().begin(), y.as<float>().end()),
            (std::vector<float>{3, 32, 21, 10}));
}

struct Case {
  const char* blamed;
  const char* says;
  std::function<void(ConvTransposeAttributes&)> set = [](auto&) {};
  Dims x = {1, 2, 3, 3}, w = {2, 1, 2, 2}, b = {};
  ErrorKind kind = ErrorKind::invalid_argument;
};

TEST(Onnx, EveryRuleBlamesItsArgument) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const Case cases[] = {
      {"X", "1 to 3 spatial axes", {}, {1, 2}, {2, 1}},
      {"X",
       "1 to 3 spatial axes",
       {},
       {1, 2, 1, 1, 1, 1},
       {2, 1, 1, 1, 1, 1},
       {},
       ErrorKind::unimplemented},
      {"W", "rank", {}, {1, 2, 3, 3}, {2, 1, 2}},
      {"W", "2 channels", {}, {1, 2, 3, 3}, {3, 1, 2, 2}},
      {"W", "at least 1", {}, {1, 2, 3, 3}, {2, 0, 2, 2}},
      {"W", "kernel", {}, {1, 2, 3, 3}, {2, 1, 0, 2}},
      {"B", "[1]", {}, {1, 2, 3, 3}, {2, 1, 2, 2}, {2}},
      {"B", "[1]", {}, {1, 2, 3, 3}, {2, 1, 2, 2}, {1, 1}},
      {"group", "at least 1", [](auto& a) { a.group = 0; }},
      {"group", "does not divide", [](auto& a) { a.group = 3; }},
      {"auto_pad", "'SAME'", [](auto& a) { a.auto_pad = "SAME"; }},
      {"strides", "2 numbers", [](auto& a) { a.strides = {{1}}; }},
      {"strides", "2 numbers", [](auto& a) { a.strides = std::vector<std::int64_t>(); }},
      {"strides", "[0, 1]",
       [](auto& a) {
         a.strides = {{0, 1}};
       }},
      {"strides", "2^59",
       [=](auto& a) {
         a.strides = {{most, 1}};
       }},
      {"strides", "2^59",
       [=](auto& a) {
         a.strides = {{most / 16, 1}};
       }},
      {"dilations", "[-1, 1]",
       [](auto& a) {
         a.dilations = {{-1, 1}};
       }},
      {"dilations",
       "2^59",
       [=](auto& a) {
         a.dilations = {{1, most / 16}};
       },
       {1, 2, 3, 3},
       {2, 1, 2, 3}},
      {"kernel_shape", "[2, 3]",
       [](auto& a) {
         a.kernel_shape = {{2, 3}};
       }},
      {"kernel_shape", "2 numbers",
       [](auto& a) {
         a.kernel_shape = {{1, 1, 2, 2}};
       }},
      {"pads", "4 numbers",
       [](auto& a) {
         a.pads = {{1, 1}};
       }},
      {"pads", "[-1, 0, 0, 0]",
       [](auto& a) {
         a.pads = {{-1, 0, 0, 0}};
       }},
      {"pads", "dropped",
       [](auto& a) {
         a.pads = {{0, 2, 0, 2}};
       }},
      {"pads", "auto_pad",
       [](auto& a) {
         a.pads = {{0, 0, 0, 0}};
         a.auto_pad = "VALID";
       }},
      {"output_padding", "stride",
       [](auto& a) {
         a.output_padding = {{1, 0}};
       }},
      {"output_padding", "[0, -1]",
       [](auto& a) {
         a.output_padding = {{0, -1}};
       }},
      {"output_shape", "2 numbers",
       [](auto& a) {
         a.output_shape = {{1, 1, 4, 4}};
       }},
      {"output_shape", "[0, 4]",
       [](auto& a) {
         a.output_shape = {{0, 4}};
       }},
      {"output_shape", "too long",
       [](auto& a) {
         a.output_shape = {{4, 5}};
       }},
      {"X", "length would be", [](auto& a) { a.auto_pad = "SAME_LOWER"; }, {1, 2, 0, 3}},
      {"W", "problem",
       [](auto& a) {
         a.strides = {{std::int64_t{1} << 40, std::int64_t{1} << 40}};
       }},
  };
  for (const Case& c : cases) {
    const ConvTransposeAttributes attributes = with(c.set);
    const TensorView b = c.b.empty() ? TensorView() : shaped(c.b);
    const Refusal said =
        refusal([&] { onnx::conv_transpose(shaped(c.x), shaped(c.w), b, attributes); });
    EXPECT_EQ(said.argument, c.blamed) << said.what;
    EXPECT_EQ(name(said.kind), name(c.kind)) << said.what;
    EXPECT_NE(said.what.find(c.says), std::string::npos) << said.what;
  }
}

TEST(Onnx, Types) {
  const auto blamed = [](DType x, DType w, DType b, std::int64_t opset) {
    ConvTransposeAttributes attributes;
    attributes.opset = opset;
    return refusal([&] {
             onnx::problem_line(shaped({1, 1, 1}, x), shaped({1, 1, 1}, w), shaped({1}, b),
                                attributes);
           })
        .argument;
  };
  for (DType type : {DType::f16, DType::f32, DType::f64})
    EXPECT_EQ(blamed(type, type, type, 1), "") << name(type);
  EXPECT_EQ(blamed(DType::bf16, DType::bf16, DType::bf16, 22), "");
  EXPECT_EQ(blamed(DType::bf16, DType::bf16, DType::bf16, 21), "X");
  EXPECT_EQ(blamed(DType::i32, DType::i32, DType::i32, 22), "X");
  EXPECT_EQ(blamed(DType::f32, DType::f64, DType::f32, 11), "W");
  EXPECT_EQ(blamed(DType::f32, DType::f32, DType::f16, 11), "B");
}

TEST(Onnx, WrongKindsOfValueInADynamicCall) {
  const auto blamed = [](const char* name, const Value& value) {
    const Refusal said = refusal([&] {
      call("onnx.ConvTranspose", {{"X", shaped({1, 1, 3})},
                                  {"W", shaped({1, 1, 2})},
                                  {"attributes", Value::Dict{{name, value}}}});
    });
    return said.argument + ' ' + std::string(tconv::name(said.kind));
  };
  EXPECT_EQ(blamed("strides", "2"), "strides TypeError");
  EXPECT_EQ(blamed("strides", 2), "strides TypeError") << "a list even for one axis";
  EXPECT_EQ(blamed("pads", Value::List{1.5, 0}), "pads TypeError");
  EXPECT_EQ(blamed("group", 1.0), "group TypeError");
  EXPECT_EQ(blamed("auto_pad", 0), "auto_pad TypeError");
  EXPECT_EQ(blamed("stride", Value::List{1}), "stride InvalidArgument");
  EXPECT_EQ(
      refusal([] {
        call("onnx.ConvTranspose",
             {{"X", shaped({1, 1, 3})}, {"W", shaped({1, 1, 2})}, {"strides", Value::List{0}}});
      }).argument,
      "strides")
      << "attributes by their own names";
  EXPECT_EQ(refusal([] { call("onnx.ConvTranspose", {{"W", shaped({1, 1, 2})}}); }).argument, "X");
  EXPECT_EQ(refusal([] { call("onnx.ConvTranspose", {{"input", 1}}); }).argument, "input");
}

}  // namespace
}  // namespace tconv

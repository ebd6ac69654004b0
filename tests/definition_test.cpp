// The float64 definition against numbers from other projects, a scatter written out here, and cases
// where a bound must be tight enough to catch a mistake.
#include "tools/definition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/conformance.h"
#include "tests/support/sanitizer.h"
#include "tools/gather.h"
#include "tools/number.h"
#include "tools/random_problem.h"
#include "tools/tensor_data.h"

namespace tconv::tools {
namespace {

using Int = std::int64_t;

TEST(Definition, AgreesWithEveryNumericConformanceCase) {
  std::vector<std::string> left_out;
  const auto cases = tests::conformance_cases(&left_out);
  EXPECT_EQ(cases.size(), 167u);
  EXPECT_EQ(cases.size() + left_out.size(), 248u);
  for (const tests::ConformanceCase& c : cases) {
    const std::vector<double> got = Definition(parse_shape(c.line), c.tensors()).values();
    ASSERT_EQ(got.size(), c.expected.size()) << c.id << ": " << c.line;
    for (std::size_t x = 0; x < got.size(); ++x)
      ASSERT_NEAR(got[x], c.expected[x], c.tolerance * std::max(1.0, std::fabs(c.expected[x])))
          << c.id << ": " << c.line << " element " << x;
  }
}

// sum + v * w of 32-bit integers, wrapping.
double wrapped(double sum, double v, double w) {
  const auto bits = [](double x) { return static_cast<std::uint64_t>(static_cast<Int>(x)); };
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(bits(sum) + bits(v) * bits(w)));
}

// The other way round: every input pixel adds to the outputs that it reaches.
std::vector<double> scatter(const Shape& s, const TensorData& data) {
  const Int out_area = pixels(1, s.o), in_area = pixels(1, s.i), taps = pixels(1, s.k);
  std::vector<double> r(static_cast<std::size_t>(s.n * s.oc * out_area));
  const auto place = [&](Int n, Int at, Int c) {
    return static_cast<std::size_t>(s.channels_last ? (n * out_area + at) * s.oc + c
                                                    : (n * s.oc + c) * out_area + at);
  };
  for (Int n = 0; n < s.n; ++n)
    for (Int at = 0; at < out_area; ++at)
      for (Int c = 0; c < s.oc; ++c)
        r[place(n, at, c)] = s.bias ? read(s.bias_type, data.bias.data(), c) : 0;
  for (Int n = 0; n < s.n; ++n) {
    for (Int x = 0; x < in_area; ++x) {
      for (Int t = 0; t < taps; ++t) {
        Int at = 0, scale = 1, rest_x = x, rest_t = t;
        bool inside = true;
        for (std::size_t a = s.i.size(); a-- > 0; scale *= s.o[a]) {
          const Int o = rest_x % s.i[a] * s.s[a] + rest_t % s.k[a] * s.d[a] - s.p[a];
          inside = inside && o >= 0 && o < s.o[a];
          at += o * scale, rest_x /= s.i[a], rest_t /= s.k[a];
        }
        for (Int c = 0; inside && c < s.ic; ++c) {
          for (Int m = 0; m < s.group_oc(); ++m) {
            const Int group = c / s.group_ic();
            const double v = read(s.type, data.input.data(),
                                  s.channels_last ? (n * in_area + x) * s.input_pixel() + c
                                                  : (n * s.ic + c) * in_area + x);
            const double w = read(s.type, data.filter.data(),
                                  s.torch_filter ? (c * s.group_oc() + m) * taps + t
                                                 : (t * s.group_oc() + m) * s.ic + c);
            double& sum = r[place(n, at, group * s.group_oc() + m)];
            sum = s.type == Type::i32 ? wrapped(sum, v, w) : sum + v * w;
          }
        }
      }
    }
  }
  return r;
}

TEST(Definition, GatherEqualsScatterOnRandomProblems) {
  for (const Type type : {Type::f32, Type::f64, Type::f16, Type::bf16, Type::i32}) {
    RandomProblems problems(11, {.type = type, .max_multiply_adds = 1e5});
    for (int count = 0; count < tests::fewer(60); ++count) {
      Shape shape = parse_shape(problems.next());
      shape.post.clear();
      const TensorData data = random_data(shape, static_cast<std::uint64_t>(count));
      const std::vector<double> got = Definition(shape, data.view()).values();
      const std::vector<double> expected = scatter(shape, data);
      ASSERT_EQ(got.size(), expected.size());
      for (std::size_t x = 0; x < got.size(); ++x)
        ASSERT_NEAR(got[x], expected[x], 1e-12 * (1 + std::fabs(expected[x]))) << to_line(shape);
    }
  }
}

// Writes the reference into an output of the shape's type and pixel stride.
void fill_output(const Shape& shape, const std::vector<double>& values, Buffer& output) {
  const Int area = pixels(1, shape.o);
  for (Int n = 0; n < shape.n; ++n)
    for (Int at = 0; at < area; ++at)
      for (Int c = 0; c < shape.oc; ++c) {
        const Int dense =
            shape.channels_last ? (n * area + at) * shape.oc + c : (n * shape.oc + c) * area + at;
        const Int place = shape.channels_last ? (n * area + at) * shape.output_pixel() + c : dense;
        write(shape.output_type(), output.data(), place, values[static_cast<std::size_t>(dense)]);
      }
}

TEST(Definition, CheckAcceptsTheRoundedReferenceAndFindsAnyOtherElement) {
  for (const Type type : {Type::f32, Type::f64, Type::f16, Type::bf16, Type::i32}) {
    RandomProblems problems(5, {.type = type, .max_multiply_adds = 1e5});
    for (int count = 0; count < tests::fewer(100); ++count) {
      const Shape shape = parse_shape(problems.next());
      TensorData data = random_data(shape, static_cast<std::uint64_t>(count));
      const Definition definition(shape, data.view());
      std::vector<double> values = definition.values();
      fill_output(shape, values, data.output);
      Comparison result = definition.check(data.output.data());
      EXPECT_TRUE(result.ok()) << to_line(shape) << '\n' << result.first_wrong;
      EXPECT_EQ(result.checked, static_cast<Int>(values.size()));
      if (values.empty()) continue;
      double& changed = values[static_cast<std::size_t>(count * 7919) % values.size()];
      if (!std::isfinite(changed) || std::fabs(changed) > 1e4) continue;
      changed += type == Type::bf16 || type == Type::f16 ? 1 + 0.1 * std::fabs(changed) : 1;
      fill_output(shape, values, data.output);
      result = definition.check(data.output.data());
      EXPECT_EQ(result.wrong, 1) << to_line(shape) << '\n' << result.first_wrong;
    }
  }
}

TEST(Definition, BoundIsTightEnoughForAMissingProduct) {
  const Shape shape = parse_shape("f32 nhwc ic=512 oc=4 i=4x4 k=4x4 s=2x2 p=1x1 bias");
  TensorData data = random_data(shape, 3);
  const Definition definition(shape, data.view());
  std::vector<Element> pixel(4);
  definition.pixel(20, 1, pixel.data());
  const double e = pixel[1].high - pixel[1].value;
  EXPECT_GT(e, 0);
  EXPECT_LT(e, 0.1);  // 2056 * 2^-24 * about 512
  EXPECT_NEAR(pixel[1].value - pixel[1].low, e, 1e-12);
}

TEST(Definition, SpecialValues) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  const Shape shape = parse_shape("f32 nwc ic=1 oc=1 i=6 k=1");
  const float input[6] = {1, inf, -inf, nan, 3e38f, -0.0f};
  const float filter[1] = {2};
  const Definition definition(shape, {input, filter, nullptr, {}});
  const auto wrong = [&](std::vector<float> output) {
    return definition.check(output.data()).wrong;
  };
  EXPECT_EQ(wrong({2, inf, -inf, nan, inf, 0}), 0);
  EXPECT_EQ(wrong({nan, inf, -inf, nan, inf, 0}), 1);
  EXPECT_EQ(wrong({2, -inf, -inf, nan, inf, 0}), 1);
  EXPECT_EQ(wrong({2, inf, 5, nan, inf, 0}), 1);
  EXPECT_EQ(wrong({2, inf, -inf, 0, inf, 0}), 1);
  EXPECT_EQ(wrong({2, inf, -inf, nan, inf, nan}), 1);
}

TEST(Definition, SamplesLargeProblemsButChecksEveryBorder) {
  const Shape shape = parse_shape("f32 nhwc ic=32 oc=16 i=64x64 k=4x4 s=2x2 p=1x1");
  TensorData data = random_data(shape, 9);
  const Definition definition(shape, data.view());
  const CheckOptions sampled{.full_multiply_adds = 1e6};
  const Comparison result = definition.check(data.output.data(), sampled);
  EXPECT_EQ(result.total, 128 * 128 * 16);
  EXPECT_EQ(result.wrong, result.checked);  // NaN everywhere
  EXPECT_GT(result.checked, (4 * 127 + 128 * 128 / 100) * 16 / 2);
  EXPECT_LT(result.checked, result.total / 5);
  EXPECT_EQ(definition.check(data.output.data(), sampled).checked, result.checked);

  fill_output(shape, definition.values(), data.output);
  EXPECT_EQ(definition.check(data.output.data(), sampled).wrong, 0);
  for (const Int corner : {0, 127, 128 * 64, 128 * 128 - 1}) {
    write(Type::f32, data.output.data(), corner * 16 + 5, 1e9);
    EXPECT_EQ(definition.check(data.output.data(), sampled).wrong, 1);
    fill_output(shape, definition.values(), data.output);
  }
}

TEST(PostReference, TurningPointsAreWhereTheFunctionsTurn) {
  for (const auto& [name, turn] : {std::pair{"swish", -1.2784645427610738},
                                   {"hard_swish", -1.5},
                                   {"gelu", -0.7517915246935645},
                                   {"gelu_tanh", -0.7524614220710163},
                                   {"mish", -1.1924312145154}}) {
    const PostOp op{.name = name};
    const double least = apply(op, turn, 0);
    for (const double step : {1e-6, 1e-3, 0.3}) {
      EXPECT_GE(apply(op, turn - step, 0), least) << name;
      EXPECT_GE(apply(op, turn + step, 0), least) << name;
    }
    const Element r = apply(op, Element{-1, -1.6, -0.5}, 0, 0x1p-24, 0);
    EXPECT_LE(r.low, least);
    EXPECT_NEAR(r.low, least, 1e-5);
  }
}

TEST(PostReference, IntervalsHoldEveryPoint) {
  for (const char* name : post_op_names()) {
    for (const double a : {-0.5, 0.25}) {
      const std::string word = name;
      const bool positive = word == "celu" || word == "squareplus" || word.ends_with("d_shrink") ||
                            word == "soft_shrink";
      if (positive && a <= 0) continue;
      const PostOp op{.name = name, .a = a, .b = 1, .c = 2};
      for (double low = -8; low < 8; low += 0.37) {
        for (const double width : {1e-3, 0.5, 6.0}) {
          const Element r = apply(op, Element{low, low, low + width}, a, 0, 0);
          for (double part = 0; part <= 1; part += 0.0625) {
            const double y = apply(op, low + part * width, a);
            EXPECT_LE(r.low, y + 1e-15) << name << ' ' << low << ' ' << width;
            EXPECT_GE(r.high, y - 1e-15) << name << ' ' << low << ' ' << width;
          }
        }
      }
    }
  }
}

TEST(Number, HalfAndBfloatRoundTripEveryFiniteValue) {
  for (const Type type : {Type::f16, Type::bf16}) {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
      const auto half = static_cast<std::uint16_t>(bits);
      const double value = read(type, &half, 0);
      if (!std::isfinite(value)) continue;
      if (type == Type::bf16 && std::fabs(value) < 0x1p-126) continue;  // flushed
      std::uint16_t back = 0;
      write(type, &back, 0, value);
      ASSERT_EQ(back, half) << value;
      if (half >= 0x8000 || value > 60000) continue;
      write(type, &back, 0, value + 0.499 * ulp(type, value));
      ASSERT_EQ(back, half) << value;
    }
  }
}

}  // namespace
}  // namespace tconv::tools

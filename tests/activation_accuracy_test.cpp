// Largest error of every activation that is fused, as a compiled operation answers: a convolution
// of one channel and one tap of weight 1, so that its sum is the input. Prints the table of
// docs/activations.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "tconv/tconv.hpp"
#include "tests/support/sanitizer.h"
#include "tests/support/test_data.h"
#include "tools/post_reference.h"
#include "tools/shape.h"

namespace tconv::tests {
namespace {

using Real = long double;

Real softplus(Real x) { return std::max(x, 0.0L) + std::log1p(std::exp(-std::fabs(x))); }
Real logistic(Real x) { return 1 / (1 + std::exp(-x)); }
Real elu(Real x, Real a) { return x > 0 ? x : a * std::expm1(x); }
Real tanh_shrink(Real x) {
  if (std::fabs(x) > 0.3L) return x - std::tanh(x);
  Real sum = 0, power = x * x * x;  // Taylor coefficients of tanh, from x^3 on
  for (const Real c :
       {1.0L / 3, -2.0L / 15, 17.0L / 315, -62.0L / 2835, 1382.0L / 155925, -21844.0L / 6081075,
        929569.0L / 638512875, -6404582.0L / 10854718875, 443861162.0L / 1856156927625,
        -18888466084.0L / 194896477400625, 113927491862.0L / 2900518163668125}) {
    sum += c * power;
    power *= x * x;
  }
  return sum;
}
Real squareplus(Real x, Real b) {
  const Real root = std::sqrt(x * x + b);
  return x > 0 ? (x + root) / 2 : b / 2 / (root - x);
}

struct Activation {
  std::string post;
  Real (*exact)(Real);
};

const std::vector<Activation>& activations() {
  static const std::vector<Activation> list = {
      {"relu", [](Real x) { return x < 0 ? 0 : x; }},
      {"relu6", [](Real x) { return x < 0 ? 0 : std::min(x, 6.0L); }},
      {"leaky_relu=0.25", [](Real x) { return x > 0 ? x : x / 4; }},
      {"relu_above=0.25,1,4", [](Real x) { return x > 1 ? std::min(x, 4.0L) : (x - 1) / 4; }},
      {"relu_above=0,1,inf", [](Real x) { return x > 1 ? x : 0; }},
      {"elu=1", [](Real x) { return elu(x, 1); }},
      {"elu=1.5", [](Real x) { return elu(x, 1.5L); }},
      {"celu=1.5", [](Real x) { return x > 0 ? x : 1.5L * std::expm1(x / 1.5L); }},
      {"celu=0.25", [](Real x) { return x > 0 ? x : 0.25L * std::expm1(x * 4); }},
      {"selu", [](Real x) { return 1.0507009873554805L * elu(x, 1.6732632423543772L); }},
      {"tanh", [](Real x) { return std::tanh(x); }},
      {"tanh_shrink", tanh_shrink},
      {"sigmoid", logistic},
      {"log_sigmoid", [](Real x) { return -softplus(-x); }},
      {"sparse_sigmoid",
       [](Real x) { return std::isnan(x) ? x : std::clamp((x + 1) / 2, 0.0L, 1.0L); }},
      {"hard_sigmoid",
       [](Real x) { return std::isnan(x) ? x : std::clamp(x + 3, 0.0L, 6.0L) / 6; }},
      {"swish", [](Real x) { return x / (1 + std::exp(-x)); }},
      {"hard_swish", [](Real x) { return x * std::clamp(x + 3, 0.0L, 6.0L) / 6; }},
      {"gelu", [](Real x) { return x * std::erfc(-x / std::sqrt(2.0L)) / 2; }},
      {"gelu_tanh",
       [](Real x) {
         const Real y = 1.5957691216057307117597842397375L * (x + 0.044715L * x * x * x);
         return x / (1 + std::exp(-y));
       }},
      {"softplus", softplus},
      {"sparse_plus", [](Real x) { return x <= -1 ? 0
                                          : x < 1 ? (x + 1) * (x + 1) / 4
                                                  : x; }},
      {"squareplus=4", [](Real x) { return squareplus(x, 4); }},
      {"squareplus=9", [](Real x) { return squareplus(x, 9); }},
      {"softsign", [](Real x) { return x / (1 + std::fabs(x)); }},
      {"hard_shrink=0.5", [](Real x) { return std::fabs(x) > 0.5L ? x : 0; }},
      {"soft_shrink=0.5", [](Real x) { return x > 0.5L    ? x - 0.5L
                                              : x < -0.5L ? x + 0.5L
                                                          : 0; }},
      {"threshold=1,-2", [](Real x) { return x > 1 ? x : -2; }},
      {"mish",
       [](Real x) {
         const Real w = std::exp(std::min(x, 60.0L));
         return x * (w * (w + 2) / (w * (w + 2) + 2));
       }},
      {"exp", [](Real x) { return std::exp(x); }},
      {"clip=-1,1", [](Real x) { return std::isnan(x) ? x : std::clamp(x, -1.0L, 1.0L); }},
  };
  return list;
}

template <class T>
std::vector<T> evaluate(const std::string& post, const std::vector<T>& x,
                        const std::string& options = "") {
  const std::string line = std::string(sizeof(T) == 8 ? "f64" : "f32") +
                           " nwc ic=1 oc=1 i=" + std::to_string(x.size()) + " k=1 " + post;
  const auto op = ConvTranspose::create(line, Options::parse("threads=1 " + options));
  const T one = 1;
  std::vector<std::byte> packed(op.packed_filter_bytes());
  op.pack(&one, packed.data());
  std::vector<T> y(x.size());
  op.run(x.data(), packed.data(), nullptr, y.data());
  return y;
}

// In units in the last place of T, denormals included; infinity is the first power of two that T
// does not have.
template <class T>
double ulps(T got, Real exact) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(exact) || std::isnan(got))
    return std::isnan(exact) && std::isnan(got) ? 0 : std::numeric_limits<double>::infinity();
  const Real top = std::ldexp(1.0L, Limits::max_exponent);
  const Real want = std::clamp(exact, -top, top);
  const Real value = std::clamp(static_cast<Real>(got), -top, top);
  int exponent = 0;
  std::frexp(want, &exponent);
  exponent = std::clamp(exponent, Limits::min_exponent, Limits::max_exponent);
  return static_cast<double>(std::fabs(value - want) / std::ldexp(1.0L, exponent - Limits::digits));
}

template <class T>
struct Worst {
  double ulps = 0;
  T at = 0;
};

template <class T>
Worst<T> worst(const Activation& f, const std::vector<T>& x, const std::vector<T>& y) {
  Worst<T> most;
  for (std::size_t i = 0; i < x.size(); ++i) {
    // What the products of infinities mean is SpecialValues' business.
    if (std::isinf(x[i])) continue;
    double u = ulps(y[i], f.exact(static_cast<Real>(x[i])));
    if constexpr (sizeof(T) == 8)
      if (f.post == "gelu")  // stated relative to x / 2
        u = static_cast<double>(std::fabs(static_cast<Real>(y[i]) - f.exact(x[i]))) /
            std::max(std::ldexp(std::fabs(x[i]), -54), std::ldexp(1.0, -1074));
    if (u > most.ulps) most = {u, x[i]};
  }
  return most;
}

std::vector<double> f64_arguments() {
  std::vector<double> x;
  for (std::uint64_t b = 0; b < fewer(200000ULL); ++b)
    x.push_back(std::bit_cast<double>(b * 0x9e3779b97f4a7c15));
  for (int i = -100000; i <= 100000; i += kFewer) {
    x.push_back(i * 7.531e-3);
    x.push_back(i * 1.117e-4);
    x.push_back(i * 1.317e-5);
  }
  return x;
}

class ActivationAccuracy : public testing::TestWithParam<std::size_t> {
 protected:
  const Activation& activation() const { return activations()[GetParam()]; }
};

// Every exponent of both signs, densely where functions bend, and the neighbours of their edges.
TEST_P(ActivationAccuracy, F32WithinTwoUlpOfEveryExponent) {
  std::vector<float> x;
  for (const std::uint32_t b : test::sampled_f32_bits(kFewer > 1 ? 30011 : 2003))
    x.push_back(std::bit_cast<float>(b));
  for (int i = -500000; i <= 500000; i += kFewer) {
    x.push_back(static_cast<float>(i) * 2.3e-4F);
    x.push_back(static_cast<float>(i) * 3.1e-5F);
    x.push_back(static_cast<float>(i) * 4.7e-6F);
  }
  for (const double edge : {0.0, 0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.01, 14.2, 15.0, 17.3, 20.0,
                            87.3365, 88.7228, 103.97, 104.0, 110.0}) {
    for (const double sign : {-1.0, 1.0}) {
      float low = static_cast<float>(sign * edge), high = low;
      for (int i = 0; i < 500; ++i) {
        x.push_back(low = std::nextafter(low, -INFINITY));
        x.push_back(high = std::nextafter(high, INFINITY));
      }
    }
  }
  const Worst<float> most = worst(activation(), x, evaluate(activation().post, x));
  std::printf("| `%s` | %.2f at %.9g |\n", activation().post.c_str(), most.ulps,
              static_cast<double>(most.at));
  EXPECT_LE(most.ulps, 2.0);
}

TEST_P(ActivationAccuracy, F64WithinTheStatedUlps) {
  const std::vector<double> x = f64_arguments();
  const tools::Shape shape = tools::parse_shape("f64 nwc ic=1 oc=1 i=1 k=1 " + activation().post);
  const Worst<double> most = worst(activation(), x, evaluate(activation().post, x));
  std::printf("| `%s` f64 | %.2f at %.17g |\n", activation().post.c_str(), most.ulps, most.at);
  EXPECT_LE(most.ulps, tools::stated_ulps(shape.post[0], true));
}

// What `tconv check` measures the f64 kernels against must be no worse than they are.
TEST_P(ActivationAccuracy, TheReferenceIsAsExactAsF64MustBe) {
  const std::vector<double> x = f64_arguments();
  const tools::Shape shape = tools::parse_shape("f64 nwc ic=1 oc=1 i=1 k=1 " + activation().post);
  std::vector<double> y;
  for (const double v : x) y.push_back(tools::apply(shape.post[0], v, 0));
  const Worst<double> most = worst(activation(), x, y);
  EXPECT_LE(most.ulps, 2.0) << "of " << most.at;
}

template <class T>
bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0 || (std::isnan(a) && std::isnan(b));
}

// NaN, infinities, zeros, the smallest denormals and the ends of the exponents, on every
// instruction set and the interpreter.
template <class T>
void check_special_values(const Activation& f, double allowed) {
  using Limits = std::numeric_limits<T>;
  std::vector<T> x = {Limits::quiet_NaN()};
  for (const T magnitude : {Limits::infinity(),
                            T{0},
                            Limits::max(),
                            Limits::max() / 2,
                            Limits::denorm_min(),
                            Limits::min(),
                            Limits::epsilon(),
                            T{1},
                            T{0.5},
                            T{2},
                            T{2.5},
                            T{3},
                            T{4},
                            T{6},
                            T{60},
                            T{87.5},
                            T{89},
                            T{100},
                            T{104},
                            T{700},
                            T{709.75},
                            T{710},
                            T{740},
                            T{746}}) {
    x.push_back(magnitude);
    x.push_back(-magnitude);
  }
  const std::vector<T> y = evaluate(f.post, x, "backend=interpreter isa=avx2");
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Real exact = f.exact(static_cast<Real>(x[i]));
    // Formulas differ in what they make of an infinity (x * sigmoid(x) at -inf).
    if (std::isinf(x[i]) && std::isnan(exact)) continue;
    double u = ulps(y[i], exact);
    if (sizeof(T) == 8 && f.post == "gelu" && x[i] < -1) u = 0;  // stated relative to x / 2
    EXPECT_LE(u, allowed) << f.post << " of " << x[i] << " is " << y[i];
  }
  for (const char* options : {"isa=avx2", "isa=avx512", "backend=interpreter isa=avx512"}) {
    std::vector<T> other;
    try {
      other = evaluate(f.post, x, options);
    } catch (const Error& e) {
      if (e.status() != Status::unsupported) throw;
      continue;
    }
    for (std::size_t i = 0; i < x.size(); ++i)
      EXPECT_TRUE(same_bits(y[i], other[i]))
          << f.post << " of " << x[i] << ": " << y[i] << ", " << other[i] << ' ' << options;
  }
}

TEST_P(ActivationAccuracy, SpecialValuesAndEveryBackendTheSameBits) {
  check_special_values<float>(activation(), 2.0);
}

TEST_P(ActivationAccuracy, SpecialValuesAndEveryBackendTheSameBitsInF64) {
  const tools::Shape shape = tools::parse_shape("f64 nwc ic=1 oc=1 i=1 k=1 " + activation().post);
  check_special_values<double>(activation(), tools::stated_ulps(shape.post[0], true));
}

INSTANTIATE_TEST_SUITE_P(, ActivationAccuracy, testing::Range<std::size_t>(0, activations().size()),
                         [](const auto& instance) {
                           std::string name = activations()[instance.param].post;
                           std::replace_if(
                               name.begin(), name.end(),
                               [](char c) { return std::isalnum(c) == 0; }, '_');
                           return name + "_" + std::to_string(instance.param);
                         });

}  // namespace
}  // namespace tconv::tests

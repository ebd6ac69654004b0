// Accuracy of the vector math sequences as the interpreter executes them, hence of every backend.
#include "ir/vector_math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "ir/interpret.h"
#include "ir/verify.h"
#include "tests/support/sanitizer.h"
#include "tests/support/test_data.h"

namespace tconv::ir {
namespace {

using test::AlignedVector;

struct Function {
  const char* name;
  void (*emit)(Builder&, DType, const RegRef&, const RegRef&);
  long double (*exact)(long double);
  std::vector<double> thresholds;  // where the sequence or the result changes its nature
};

long double exact_sigmoid(long double x) { return 1 / (1 + std::exp(-x)); }

const std::vector<Function>& functions() {
  static const std::vector<Function> table = {
      {"exp",
       emit_exp,
       std::exp,
       {0, 0.3466, -0.3466, 88.7228, -87.3365, -103.972, -104, 709.78, -745.13}},
      {"expm1", emit_expm1, std::expm1, {0, 0.3466, -0.3466, 88.7228, -17.33, -20, 709.78, -37.4}},
      {"log", emit_log, std::log, {0, 1, 2. / 3, 4. / 3, 1.17549e-38, 2.22507e-308}},
      {"log1p", emit_log1p, std::log1p, {0, -1, -1. / 3, 1. / 3, 16777216, 9007199254740992}},
      {"tanh", emit_tanh, std::tanh, {0, 0.1733, 0.51891923, 9.01, 10, 19.06, 20}},
      {"erf", emit_erf, std::erf, {0, 0.22340722, 0.307, 0.9, 3.83, 4, 5.86, 6}},
      {"sigmoid",
       emit_sigmoid,
       exact_sigmoid,
       {0, 17.3, -87.3365, -88.7228, -103.97, -104, -745.13}},
  };
  return table;
}

// y[i] = f(x[i]) for `count` vectors; in place in the register as well.
Program program_of(const Function& f, DType type, std::int64_t count, bool in_place) {
  const Target& target = *find_target("avx512");
  Builder b(target);
  const int lanes = target.lanes(type);
  const ViewId x = b.buffer("x", type, {count * lanes}, BufferKind::in);
  const ViewId y = b.buffer("y", type, {count * lanes}, BufferKind::out);
  b.stage([&] {
    b.kernel(f.name, {{"g", count}}, [&](std::span<const Affine> g) {
      const Reg r = b.vec("r", {2}, type);
      const RegRef dst = r(in_place ? 0 : 1);
      b.mov(r(0), load({x, {g[0] * lanes}}));
      f.emit(b, type, dst, r(0));
      b.store({y, {g[0] * lanes}}, dst);
    });
  });
  return b.take();
}

template <class T>
AlignedVector<T> evaluate(const Function& f, AlignedVector<T> x, bool in_place = false) {
  const DType type = sizeof(T) == 8 ? DType::f64 : DType::f32;
  const std::size_t size = x.size(), lanes = 64 / sizeof(T);
  x.resize((size + lanes - 1) / lanes * lanes, T(1));
  AlignedVector<T> y(x.size());
  const Program p = program_of(f, type, static_cast<std::int64_t>(x.size() / lanes), in_place);
  void* buffers[] = {x.data(), y.data()};
  interpret(p, buffers);
  y.resize(size);
  return y;
}

int instructions(const Block& block) {
  int n = 0;
  for (const Stmt& s : block) {
    if (std::holds_alternative<Assign>(s.node)) ++n;
    if (const auto* u = std::get_if<Unroll>(&s.node)) n += instructions(u->body);
  }
  return n;
}

// Distance from the exact value in units in the last place of T, denormals included. Infinity
// counts as the first power of two that T does not have.
template <class T>
double ulps(T got, long double exact) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(exact) || std::isnan(got))
    return std::isnan(exact) && std::isnan(got) ? 0 : std::numeric_limits<double>::infinity();
  const long double top = std::ldexp(1.0L, Limits::max_exponent);
  const long double want = std::clamp(exact, -top, top);
  const long double value = std::clamp(static_cast<long double>(got), -top, top);
  int exponent = 0;
  std::frexp(want, &exponent);
  exponent = std::clamp(exponent, Limits::min_exponent, Limits::max_exponent);
  return static_cast<double>(std::fabs(value - want) / std::ldexp(1.0L, exponent - Limits::digits));
}

template <class T>
double worst_ulps(const Function& f, const AlignedVector<T>& x) {
  const AlignedVector<T> y = evaluate(f, x);
  double worst = 0;
  T where = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double u = ulps(y[i], f.exact(static_cast<long double>(x[i])));
    if (u > worst) worst = u, where = x[i];
  }
  std::printf("%-8s %s  max %.3f ULP at %.17g (%zu arguments)\n", f.name,
              sizeof(T) == 8 ? "f64" : "f32", worst, static_cast<double>(where), x.size());
  return worst;
}

class VectorMath : public testing::TestWithParam<std::size_t> {
 protected:
  const Function& function() const { return functions()[GetParam()]; }
};

TEST_P(VectorMath, F32WithinTwoUlpEverywhere) {
  AlignedVector<float> x;
  for (std::uint32_t b : test::sampled_f32_bits(tests::kFewer > 1 ? 7919 : 997))
    x.push_back(std::bit_cast<float>(b));
  // Evenly over -110..110, where most functions do their work, and every value next to a threshold.
  for (int i = -1000000; i <= 1000000; i += tests::kFewer)
    x.push_back(static_cast<float>(i) * 1.1e-4F);
  for (int i = -400000; i <= 400000; i += tests::kFewer)
    x.push_back(static_cast<float>(i) * 5.1e-6F);
  for (double t : function().thresholds) {
    float low = static_cast<float>(t), high = low;
    for (int i = 0; i < 2000; ++i) {
      x.push_back(low = std::nextafter(low, -INFINITY));
      x.push_back(high = std::nextafter(high, INFINITY));
    }
  }
  EXPECT_LE(worst_ulps(function(), x), 2.0);
}

TEST_P(VectorMath, F64WithinFourUlpOnASample) {
  AlignedVector<double> x;
  for (std::uint64_t b = 0; b < tests::fewer(1000000ULL); ++b)
    x.push_back(std::bit_cast<double>(b * 0x9e3779b97f4a7c15));
  for (int i = -300000; i <= 300000; i += tests::kFewer) {
    x.push_back(i * 2.531e-3);
    x.push_back(i * 1.117e-5);
  }
  for (double t : function().thresholds) {
    double low = t, high = t;
    for (int i = 0; i < 200; ++i) {
      x.push_back(low = std::nextafter(low, -INFINITY));
      x.push_back(high = std::nextafter(high, INFINITY));
    }
  }
  EXPECT_LE(worst_ulps(function(), x), 4.0);
}

template <class T>
void check_specials(const Function& f) {
  constexpr T inf = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  const AlignedVector<T> x = {nan,
                              -nan,
                              inf,
                              -inf,
                              T(0),
                              -T(0),
                              T(-1),
                              T(1),
                              std::numeric_limits<T>::max(),
                              -std::numeric_limits<T>::max(),
                              std::numeric_limits<T>::denorm_min(),
                              -std::numeric_limits<T>::denorm_min()};
  for (bool in_place : {false, true}) {
    const AlignedVector<T> y = evaluate(f, x, in_place);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const T want = static_cast<T>(f.exact(static_cast<long double>(x[i])));
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(y[i])) << f.name << " of " << x[i] << " is " << y[i];
      } else {
        EXPECT_LE(ulps(y[i], static_cast<long double>(want)), 2.0)
            << f.name << " of " << x[i] << " is " << y[i];
        EXPECT_EQ(std::signbit(y[i]), std::signbit(want))
            << f.name << " of " << x[i] << " is " << y[i];
        EXPECT_TRUE(y[i] == want || (!std::isinf(want) && want != 0)) << f.name << " of " << x[i];
      }
    }
  }
}
TEST_P(VectorMath, SpecialsAndInPlace) {
  check_specials<float>(function());
  check_specials<double>(function());
}

TEST_P(VectorMath, FitsTheRegistersPromisedAndVerifies) {
  for (DType type : {DType::f32, DType::f64}) {
    const Program p = program_of(function(), type, 1, false);
    EXPECT_LE(p.regs.size(), 1U + kMathRegisters);
    EXPECT_TRUE(verify(p).empty()) << verify(p).front().what;
    std::printf("%-8s %s  %d instructions, %zu temporaries\n", function().name, name(type),
                instructions(p.stages[0].kernels[0].body) - 1, p.regs.size() - 1);
  }
}

INSTANTIATE_TEST_SUITE_P(, VectorMath, testing::Range<std::size_t>(0, 7), [](const auto& instance) {
  return std::string(functions()[instance.param].name);
});

}  // namespace
}  // namespace tconv::ir

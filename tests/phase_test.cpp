// Phases against the definition, axis by axis: every output exactly once, with exactly the
// definition's pairs of input and tap; normalizing keeps what every address means.
#include "planner/phase.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <random>
#include <set>

#include "planner/trim.h"
#include "tools/tensor_data.h"

namespace tconv::planner {
namespace {

using Int = std::int64_t;
using Pairs = std::set<std::pair<Int, Int>>;  // input, tap

std::string text(const Axis& a) {
  std::string r;
  for (const Int v : {a.i, a.o, a.k, a.s, a.d, a.p}) r += std::to_string(v) + " ";
  return "i o k s d p = " + r;
}

std::vector<Pairs> definition(const Axis& a) {
  std::vector<Pairs> r(static_cast<std::size_t>(a.o));
  for (Int x = 0; x < a.i; ++x)
    for (Int t = 0; t < a.k; ++t) {
      const Int o = x * a.s + t * a.d - a.p;
      if (o >= 0 && o < a.o) r[static_cast<std::size_t>(o)].insert({x, t});
    }
  return r;
}

void check_runs(const Axis& a, std::size_t most) {
  SCOPED_TRACE(text(a) + "most " + std::to_string(most));
  const AxisPhases x = phases(a);
  ASSERT_EQ(x.g, std::gcd(a.s, a.d));
  std::vector<int> covered(static_cast<std::size_t>(a.o));
  std::vector<Pairs> pairs(covered.size());
  Int first = x.q_end, last = x.q_begin, most_taps = 0;
  for (const Run& run : runs(x, most)) {
    EXPECT_LT(run.q_begin, run.q_end);
    EXPECT_LT(run.t_begin, run.t_end);
    first = std::min(first, run.q_begin), last = std::max(last, run.q_end);
    most_taps = std::max(most_taps, run.taps);
    for (Int t0 = run.t_begin; t0 < run.t_end; ++t0)
      for (Int eps = run.e_begin; eps < run.e_end; ++eps)
        for (Int q = run.q_begin; q < run.q_end; ++q) {
          const Int o = a.s * q + a.d * t0 + eps - a.p;
          const bool inside = o >= 0 && o < a.o;
          ASSERT_TRUE(inside || !run.exact) << "t0 " << t0 << " eps " << eps << " q " << q;
          if (!inside) continue;
          ++covered[static_cast<std::size_t>(o)];
          ASSERT_TRUE(run.taps == 0 || eps == 0);
          for (Int j = 0; j < run.taps; ++j) {
            const Int t = t0 + j * x.S, i = q - j * x.D;
            ASSERT_LT(t, a.k);
            if (i >= 0 && i < a.i) pairs[static_cast<std::size_t>(o)].insert({i, t});
          }
        }
  }
  EXPECT_EQ(covered, std::vector<int>(covered.size(), 1));
  EXPECT_EQ(pairs, definition(a));
  EXPECT_LE(most_taps, x.taps);
  EXPECT_GE(first, x.q_begin);
  EXPECT_LE(last, x.q_end);
  if (a.o < a.s) return;  // some phases have no output
  EXPECT_EQ(first, x.q_begin);
  EXPECT_EQ(last, x.q_end);
  EXPECT_EQ(most_taps, x.taps);
}

TEST(Phases, SmallAxesOneByOne) {
  for (Int i : {0, 1, 2, 5})
    for (Int k = 1; k <= 7; ++k)
      for (Int s = 1; s <= 6; ++s)
        for (Int d = 1; d <= 6; ++d)
          for (Int p : {0, 1, 3, 8}) {
            Axis a{.i = i, .o = 0, .k = k, .s = s, .d = d, .p = p};
            const Int natural = a.natural();
            for (Int o : {Int{0}, Int{1}, natural - 2 * p, natural - p, natural + s + 2}) {
              a.o = std::max<Int>(o, 0);
              for (std::size_t most : {1u, 4u}) {
                check_runs(a, most);
                if (testing::Test::HasFailure()) return;
              }
            }
          }
}

TEST(Phases, RandomAxes) {
  std::mt19937_64 random(5);
  const auto pick = [&](Int lo, Int hi) {
    return lo + static_cast<Int>(random() % static_cast<std::uint64_t>(hi - lo + 1));
  };
  for (int count = 0; count < 3000 && !HasFailure(); ++count) {
    Axis a{.i = pick(0, 40),
           .o = 0,
           .k = pick(1, 40),
           .s = pick(1, 24),
           .d = pick(1, 12),
           .p = pick(0, 60)};
    a.o = std::max<Int>(0, a.natural() - pick(0, 40) + pick(0, 60));
    check_runs(a, static_cast<std::size_t>(pick(1, 8)));
  }
}

TEST(Phases, LargeStridesStayFewRuns) {
  const Axis a{.i = 9, .o = 9 * 256, .k = 1024, .s = 256, .d = 1, .p = 384};
  check_runs(a, 4);
  EXPECT_LE(runs(phases(a)).size(), 4u);
  const Axis dilated{.i = 9, .o = 3000, .k = 300, .s = 256, .d = 6, .p = 77};
  check_runs(dilated, 4);
  EXPECT_LE(runs(phases(dilated)).size(), 4u);
}

// ---- trim and normalize --------------------------------------------------------------------

// The pairs of a trimmed axis are the definition's, with its taps renumbered.
TEST(Trim, LeavesOutOnlyTapsThatLandNowhere) {
  std::mt19937_64 random(6);
  const auto pick = [&](Int lo, Int hi) {
    return lo + static_cast<Int>(random() % static_cast<std::uint64_t>(hi - lo + 1));
  };
  int shorter = 0;
  for (int count = 0; count < 3000 && !HasFailure(); ++count) {
    Axis a{.i = pick(1, 6),
           .o = 0,
           .k = pick(1, 12),
           .s = pick(1, 7),
           .d = pick(1, 6),
           .p = pick(0, 40)};
    a.o = std::max<Int>(1, a.natural() - a.p - pick(-3, 20));
    Problem problem;
    problem.axes = {a};
    const Trimmed trimmed = trim(problem);
    SCOPED_TRACE(text(a));
    shorter += trimmed.problem.axes[0].k < a.k;
    std::vector<Pairs> renumbered;
    for (const Pairs& at : definition(trimmed.problem.axes[0])) {
      renumbered.emplace_back();
      for (const auto& [x, t] : at) renumbered.back().insert({x, t + trimmed.first_tap[0]});
    }
    EXPECT_EQ(renumbered, definition(a));
    EXPECT_LE(trimmed.problem.axes[0].k, a.k);
  }
  EXPECT_GT(shorter, 500);
}

// Kernels of any length: nothing walks from tap to tap.
TEST(Trim, LongKernels) {
  Problem problem;
  problem.axes = {{.i = 1, .o = 1, .k = 1'000'000'000'000}};
  EXPECT_EQ(trim(problem).problem.axes[0].k, 1);
  problem.axes = {{.i = 3, .o = 5, .k = 1'000'000'000'000, .s = 2, .d = 3, .p = 600'000'000'000}};
  const Trimmed t = trim(problem);
  EXPECT_EQ(t.first_tap[0], 199'999'999'999);
  EXPECT_EQ(t.problem.axes[0].k, 3);
  problem.axes = {{.i = 3, .o = 0, .k = 1'000'000'000'000}};
  EXPECT_EQ(trim(problem).problem.axes[0].k, 1);
}

TEST(Normalize, SameNumbersAtTheSameAddresses) {
  for (const char* line : {
           "f32 nwc n=3 ic=4 oc=5 i=7 k=1 bias",
           "f32 nhwc n=2 ic=3 oc=4 i=5x6 k=1x1",
           "f32 ndhwc n=2 ic=3 oc=2 i=2x3x4 k=1x1x1 ips=5 ops=4",
           "f32 ndhwc n=2 ic=3 oc=2 i=2x3x4 k=1x1x3 s=1x1x2 p=0x0x1 bias ips=7",
           "f32 ndhwc n=2 ic=3 oc=2 i=2x3x4 k=1x3x1 s=1x2x1 p=0x1x0 bias",
           "f32 ndhwc n=2 ic=3 oc=2 i=2x3x4 k=3x1x1 s=2x1x1",
           "f32 ncdhw n=2 ic=3 oc=2 i=2x3x4 k=1x1x1 bias",
           "f32 ncdhw n=2 ic=3 oc=2 i=1x3x4 k=1x3x3 s=1x2x2 p=0x1x1",
           "f32 ncdhw n=2 ic=3 oc=2 i=3x4x5 k=1x1x4 s=1x1x2 p=0x0x1",
           "f32 nchw n=3 ic=3 oc=2 i=1x9 k=1x4 s=1x2 p=0x1 filter=tf",
           "f32 nhwc n=2 ic=3 oc=4 i=5x6 k=1x1 o=4x6",
           "f32 nhwc n=2 ic=3 oc=4 i=5x6 k=1x1 o=6x6 p=0x0",
           "f32 nhwc n=2 ic=3 oc=4 i=5x6 k=1x1 s=2x1 o=10x6",
           "f32 nhwc n=2 g=2 ic=4 oc=6 i=1x6 k=1x3 s=1x2 bias prelu add",
           "f32 nwc n=0 ic=4 oc=5 i=7 k=1",
       }) {
    SCOPED_TRACE(line);
    const Problem problem = parse_problem(line), normal = normalize(problem);
    validate(normal);
    EXPECT_LE(normal.rank(), problem.rank());
    EXPECT_EQ(input_elements(normal), input_elements(problem));
    EXPECT_EQ(filter_elements(normal), filter_elements(problem));
    EXPECT_EQ(output_elements(normal), output_elements(problem));
    EXPECT_EQ(multiply_adds(normal), multiply_adds(problem));
    EXPECT_EQ(normalize(normal), normal);
    const tools::Shape before = tools::parse_shape(print(problem)),
                       after = tools::parse_shape(print(normal));
    const tools::TensorData data = tools::random_data(before, 3);
    EXPECT_EQ(tools::Definition(before, data.view()).values(),
              tools::Definition(after, data.view()).values());
  }
}

TEST(Normalize, OneAxisIsLeftOfAnIdentity) {
  const Problem p = normalize(parse_problem("f32 ndhwc n=2 ic=3 oc=4 i=4x5x6 k=1x1x1"));
  EXPECT_EQ(p.rank(), 1);
  EXPECT_EQ(p.n, 1);
  EXPECT_EQ(p.axes[0].i, 240);
}

}  // namespace
}  // namespace tconv::planner

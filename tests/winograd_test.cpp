// Minimal filtering: the matrices, the schedule in all its forms against the definition, its rules,
// and when the model may choose it.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "planner/minimal_filter.h"
#include "tconv/tconv.hpp"
#include "tests/support/plan_run.h"

namespace tconv::tests {
namespace {

using planner::Plan;

TEST(MinimalFilter, IsTheConvolution) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> value(-1, 1);
  for (int m = 1; m <= planner::kMostPoints; ++m)
    for (int r = 1; m + r - 1 <= planner::kMostPoints; ++r) {
      const planner::MinimalFilter f = planner::minimal_filter(m, r);
      std::vector<double> x, w;
      for (int i = 0; i < f.points(); ++i) x.push_back(value(random));
      for (int i = 0; i < r; ++i) w.push_back(value(random));
      for (int k = 0; k < m; ++k) {
        double expected = 0, got = 0;
        for (int i = 0; i < r; ++i)
          expected += w[static_cast<std::size_t>(i)] * x[static_cast<std::size_t>(k + i)];
        for (int p = 0; p < f.points(); ++p) {
          double gw = 0, bx = 0;
          for (int i = 0; i < r; ++i) gw += f.G.at(p, i) * w[static_cast<std::size_t>(i)];
          for (int i = 0; i < f.points(); ++i) bx += f.B.at(p, i) * x[static_cast<std::size_t>(i)];
          got += f.A.at(k, p) * gw * bx;
        }
        EXPECT_NEAR(got, expected, 1e-13) << "F(" << m << "," << r << ") output " << k;
      }
      // Transforms of data are exact constants: the error is that of the sums alone.
      for (const planner::Matrix* matrix : {&f.A, &f.B})
        for (const double v : matrix->values)
          EXPECT_EQ(v, static_cast<double>(static_cast<float>(v)));
    }
  EXPECT_THROW(planner::minimal_filter(6, 3), std::invalid_argument);
  EXPECT_THROW(planner::minimal_filter(0, 2), std::invalid_argument);
}

struct Case {
  const char* line;
  const char* plan;
};
constexpr Case kCases[] = {
    // both axes, one axis, tails of channels, several panels
    {"f32 nhwc ic=16 oc=40 i=7x9 k=4 s=2 p=1 bias relu", "winograd(m=3x3,mr=3,nr=2,rows=3,cols=6)"},
    {"f32 nhwc ic=11 oc=24 i=7x9 k=4 s=2 p=1 bias", "winograd(m=1x3,mr=4,nr=2,rows=4)"},
    {"f32 nhwc ic=11 oc=24 i=7x9 k=4 s=2 p=1", "winograd(m=3x1,mr=4,nr=1,rows=3,cols=5)"},
    {"f32 nhwc ic=8 oc=17 i=9x6 k=3 p=1 bias relu", "winograd(m=4x2,mr=3,nr=2,rows=4,panels=1)"},
    // unequal taps: each phase along its axes of two; shared points where all have several
    {"f32 nhwc ic=12 oc=16 i=6x7 k=3 s=2 p=1 bias", "winograd(m=3x3,mr=5,nr=1,rows=6)"},
    {"f32 nhwc ic=12 oc=16 i=6x7 k=5 s=2 p=2 bias", "winograd(m=4x4,mr=4,nr=1,rows=4,cols=4)"},
    {"f32 nhwc ic=8 oc=16 i=6x7 k=4x5 s=3x2 p=0x2", "winograd(m=2x4,mr=4,nr=1,rows=2)"},
    // groups of taps
    {"f32 nwc ic=16 oc=16 i=61 k=25 s=4 p=11 bias", "winograd(m=3,r=3,mr=6,nr=1,cols=24)"},
    {"f32 nhwc ic=8 oc=16 i=8x9 k=7 s=1 p=3", "winograd(m=3x3,r=3,mr=4,nr=1,rows=3,cols=6)"},
    {"f32 nhwc ic=8 oc=16 i=8x9 k=7x3 s=1 p=3x1", "winograd(m=3x1,r=3,mr=4,nr=1,rows=6)"},
    // ranks, batches, groups of channels, layouts, pixel strides
    {"f32 nwc n=6 ic=16 oc=24 i=19 k=16 s=8 p=4 bias", "winograd(m=3,mr=5,nr=2,images=3)"},
    {"f32 nhwc n=4 ic=16 oc=16 i=4x4 k=4 s=2 p=1", "winograd(m=3x3,mr=8,nr=1,images=2,rows=6)"},
    {"f32 ndhwc ic=8 oc=16 i=3x4x5 k=4 s=2 p=1 bias", "winograd(m=3x3x3,mr=4,nr=1,rows=3)"},
    {"f32 ndhwc n=2 ic=8 oc=16 i=3x4x5 k=3 p=1", "winograd(m=1x2x4,mr=4,nr=1,rows=4,images=2)"},
    {"f32 ndhwc ic=8 oc=16 i=3x4x4 k=3 s=2 p=1", "winograd(m=3x1x3,mr=4,nr=1,rows=2)"},
    {"f32 nhwc g=2 ic=20 oc=34 i=6x7 k=4 s=2 p=1 bias", "winograd(m=3x3,mr=4,nr=1,rows=6)"},
    {"f32 nchw ic=16 oc=20 i=6x21 k=4 s=2 p=1 bias tanh",
     "winograd(m=3x3,mr=4,nr=2,rows=3,cols=12,transposed)"},
    {"f32 nhwc ic=16 oc=16 i=6x7 k=4 s=2 p=1 ips=24 ops=20",
     "winograd(m=3x3,mr=4,nr=1,rows=3,cols=6)"},
    {"f32 nhwc ic=16 oc=32 i=6x7 k=4 s=2 p=1 bias", "winograd(m=3x3,mr=4,nr=2,rows=6,stream)"},
    // dilation along another axis, uneven crops, filter order, unrolled channels
    {"f32 nhwc ic=16 oc=16 i=9x7 k=3 s=2x1 d=3x1 p=1", "winograd(m=1x2,mr=4,nr=1,rows=3)"},
    {"f32 nhwc ic=16 oc=16 i=9x7 o=15x13 k=4 s=2 p=3x1 filter=torch",
     "winograd(m=3x3,mr=4,nr=1,rows=3,ku=4)"},
    // post-ops that go through memory, and that take tensors
    {"f32 nhwc ic=16 oc=20 i=6x7 k=4 s=2 p=1 bias gelu", "winograd(m=3x3,mr=4,nr=2,rows=6)"},
    {"f32 nhwc ic=16 oc=20 i=6x7 k=4 s=2 p=1 prelu add mul", "winograd(m=3x3,mr=4,nr=1,rows=6)"},
};

class Winograd : public testing::TestWithParam<const char*> {};

TEST_P(Winograd, IsTheDefinition) {
  std::uint64_t seed = 1;
  for (const Case& c : kCases) {
    const Sample sample(c.line, ++seed);
    std::vector<tools::Buffer> right;
    const PlanRun run(sample, planner::parse_plan(c.plan), GetParam());
    EXPECT_TRUE(run.lowered().needs_finite_filter);
    check_plan(sample, run, right);
    if (HasFailure()) return;
  }
}

// The plan's blocking must not show in the bits, since threads and tuning change it.
TEST_P(Winograd, BitsDependOnTheFilteringAlone) {
  const Sample sample("f32 nhwc ic=20 oc=24 i=9x10 k=4 s=2 p=1 bias", 5);
  const auto bits = [&](const char* plan) {
    return PlanRun(sample, planner::parse_plan(plan), GetParam()).run({});
  };
  const tools::Buffer expected = bits("winograd(m=3x3,mr=3,nr=2,rows=3,cols=6)");
  for (const char* plan : {"winograd(m=3x3,mr=5,nr=1,rows=9,cols=3)", "winograd(m=3x3,mr=2,nr=3)",
                           "winograd(m=3x3,mr=4,nr=2,rows=6,panels=1,ku=4)"})
    EXPECT_TRUE(same_values(expected, bits(std::string(plan) == "winograd(m=3x3,mr=2,nr=3)"
                                               ? "winograd(m=3x3,mr=2,nr=3,rows=3)"
                                               : plan)))
        << plan;
  EXPECT_FALSE(same_values(expected, bits("winograd(m=2x3,mr=3,nr=2,rows=2,cols=6)")));
}

INSTANTIATE_TEST_SUITE_P(Targets, Winograd, testing::Values("avx512", "avx2"),
                         [](const auto& which) { return std::string(which.param); });

std::string refusal(const char* line, const char* plan) {
  try {
    planner::lower(planner::parse_problem(line), planner::parse_plan(plan),
                   *ir::find_target("avx512"));
  } catch (const planner::PlanError& e) {
    return e.what();
  }
  return "accepted";
}

TEST(WinogradRules, SayWhyNot) {
  const char* k4 = "f32 nhwc ic=16 oc=16 i=8x8 k=4 s=2 p=1";
  const std::pair<const char*, const char*> cases[] = {
      {"winograd(m=3,mr=4,nr=1)", "m has 1 numbers, the reduced problem has 2 axes"},
      {"winograd(m=1x1,mr=4,nr=1)", "one axis at least must be transformed"},
      {"winograd(m=9x3,mr=4,nr=1,rows=9)", "F(9,2) needs 10 points, at most 7"},
      {"winograd(m=3x3,mr=4,nr=1,rows=4)", "rows=4 must be a multiple"},
      {"winograd(m=3x3,mr=4,nr=1,rows=3,cols=4)", "cols=4 must be a multiple"},
      {"winograd(m=3x3,mr=30,nr=2,rows=3)", "a tile of 30x2 needs"},
      {"winograd(m=3x3,mr=4,nr=1,rows=3,images=2)", "images=2 must divide the batch of 1"},
      {"winograd(m=3x3,mr=4,nr=1,rows=3,strip)", "no tile=n or strip"},
      {"winograd(m=3x3,r=2,mr=4,nr=1,rows=3)", "r=2: no axis has more than 2 taps"},
      {"winograd(m=3x3,mr=4,nr=1,rows=3,ku=3)", "ku=3 must divide"},
  };
  for (const auto& [plan, text] : cases)
    EXPECT_NE(refusal(k4, plan).find(text), std::string::npos) << plan << ": " << refusal(k4, plan);
  const auto why = [](const char* line) {
    return refusal(line, "winograd(m=3x3,mr=4,nr=1,rows=3)");
  };
  const std::pair<const char*, const char*> lines[] = {
      {"f32 nhwc ic=4 oc=16 i=8x8 k=4 s=2 p=1", "4 input channels per group, at least 8"},
      {"f32 nhwc ic=16 oc=16 i=8x8 k=4 s=2 p=1 o=22x16", "outputs that no input reaches"},
      {"f32 nhwc ic=16 oc=16 i=8x8 k=2 s=2", "one tap per phase"},
      {"f32 nhwc ic=16 oc=16 i=8x8 k=3 d=2", "axis 0 is dilated"},
      {"f32 nhwc ic=16 oc=16 i=8x8 k=4 s=2 d=2", "common divisor"},
      {"f32 nhwc ic=16 oc=16 i=9x9 k=11 s=2 p=5", "F(3,6) needs 8 points"},
      {"f32 nchw ic=16 oc=16 i=8x8 k=4 s=2 p=1", "use transposed"},
  };
  for (const auto& [line, text] : lines)
    EXPECT_NE(why(line).find(text), std::string::npos) << line << ": " << why(line);
}

// What exact-order leaves, and what more threads may choose from.
TEST(SumOrder, RestrictsThePlans) {
  const planner::Problem p =
      planner::parse_problem("f32 nhwc ic=64 oc=64 i=32x32 k=4 s=2 p=1 bias relu");
  planner::Machine machine = planner::default_machine("avx512");
  const planner::Plan best = planner::choose(p, machine).plan;
  EXPECT_EQ(best.schedule, planner::Schedule::winograd);
  const auto exact = planner::enumerate(p, machine, planner::Accuracy::exact_order);
  for (const auto& c : exact.candidates) EXPECT_EQ(planner::sum_order(p, c.plan), "");
  EXPECT_EQ(exact.candidates.front().plan.schedule, planner::Schedule::direct);
  machine.threads = 4;
  for (const auto& c : planner::enumerate(p, machine).candidates)
    EXPECT_EQ(planner::sum_order(p, c.plan), planner::sum_order(p, best));
  EXPECT_EQ(planner::error_factor(p, best), 4);  // F(5,2) along both axes
  EXPECT_EQ(planner::error_factor(p, exact.candidates.front().plan), 1);
}

// Sums of weights that are finite may overflow: such a filter goes the way of those that are not
// finite, and every output is the definition's.
TEST(WinogradFilters, ThatOverflowGoToTheTwin) {
  const char* line = "f32 nhwc ic=16 oc=16 i=9x9 k=4 s=2 p=1";
  const ConvTranspose op =
      ConvTranspose::create(line, Options::parse("isa=avx2 plan=winograd(m=3x3,mr=4,nr=1,rows=3)"));
  Sample sample(line, 3);
  auto* filter = sample.data.filter.as<float>();
  for (std::size_t i = 0; i < sample.data.filter.bytes() / sizeof(float); ++i) filter[i] = 3e38F;
  auto* input = sample.data.input.as<float>();
  for (std::size_t i = 0; i < sample.data.input.bytes() / sizeof(float); ++i) input[i] *= 1e-30F;
  sample.redefine();
  tools::Buffer packed(op.packed_filter_bytes());
  op.pack(sample.data.filter.data(), packed.data());
  op.run(sample.data.input.data(), packed.data(), nullptr, sample.data.output.data());
  const tools::Comparison answer = sample.definition->check(sample.data.output.data());
  EXPECT_TRUE(answer.ok()) << answer.first_wrong;
}

// A transformed filter four times as large must come from a cache that holds it.
TEST(WinogradModel, WeighsTheTransformedFilter) {
  const planner::Problem p =
      planner::parse_problem("f32 nhwc ic=512 oc=256 i=8x8 k=4 s=2 p=1 bias");
  planner::Machine machine = planner::default_machine("avx512");
  const auto axes = [](const Plan& plan) {
    return std::count_if(plan.m.begin(), plan.m.end(), [](int m) { return m > 1; });
  };
  EXPECT_LT(axes(planner::choose(p, machine).plan), 2);
  machine.l2_bytes = machine.l3_bytes = std::int64_t{1} << 30;
  EXPECT_EQ(axes(planner::choose(p, machine).plan), 2);
}

}  // namespace
}  // namespace tconv::tests

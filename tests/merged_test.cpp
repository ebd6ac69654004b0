// Phases as output channels, and inputs that are prefetched: the definition's results with every
// schedule that can, the bits of the plan without, the way of the packed filter, and the rules.
#include <gtest/gtest.h>

#include <span>

#include "ir/verify.h"
#include "planner/schedules/schedule.h"
#include "tconv/tconv.hpp"
#include "tests/support/plan_run.h"

namespace tconv::tests {
namespace {

struct Case {
  const char* line;
  const char* plan;
};
constexpr Case kMerged[] = {
    {"f32 nhwc ic=5 oc=6 i=4x7 k=2 s=2 bias relu", "direct(mr=3,nr=1,merged)"},
    {"f32 nhwc ic=5 oc=21 i=4x7 k=4 s=2 bias", "direct(mr=4,nr=3,rows=2,strip,merged)"},
    {"f32 nhwc n=5 ic=5 oc=10 i=4x3 k=3x6 s=3 bias", "direct(mr=3,nr=2,tile=n,merged)"},
    {"f32 nwc ic=6 oc=7 i=19 k=12 s=4 p=4 o=76 bias", "direct(mr=4,nr=2,cols=8,merged)"},
    {"f32 nwc ic=6 oc=24 i=19 k=8 s=4 filter=torch", "direct(mr=4,nr=2,panels=1,ku=3,merged)"},
    {"f32 ndhwc ic=4 oc=5 i=2x3x4 k=3x2x2 s=2x1x2 p=1x0x0 bias", "direct(mr=4,nr=1,merged)"},
    {"f32 nhwc ic=8 oc=21 i=6x7 k=4 s=2 bias", "winograd(m=3x3,mr=4,nr=2,rows=3,cols=6,merged)"},
    {"f32 nhwc ic=8 oc=5 i=6x7 k=3x4 s=1x2 p=1x0 bias", "winograd(m=2x3,mr=4,nr=1,rows=4,merged)"},
    {"f32 nwc ic=16 oc=8 i=31 k=28 s=4 bias", "winograd(m=3,r=3,mr=4,nr=2,cols=12,merged)"},
    // rows that are cut: at the begin, at the end, inside a vector and between two, in short rows
    {"f32 nhwc ic=5 oc=21 i=4x7 k=4 s=2 p=1 bias relu", "direct(mr=4,nr=3,rows=2,strip,merged)"},
    {"f32 nhwc ic=5 oc=17 i=4x7 k=2x4 s=2 p=0x1 bias tanh", "direct(mr=3,nr=2,merged)"},
    {"f32 nhwc n=3 ic=5 oc=3 i=4x2 k=3x6 s=3 p=1x2 bias", "direct(mr=2,nr=1,tile=n,merged)"},
    {"f32 nwc ic=6 oc=7 i=19 k=12 s=4 p=5 o=71 bias add", "direct(mr=4,nr=2,cols=8,merged)"},
    {"f32 nwc n=2 ic=6 oc=8 i=19 k=8 s=4 p=2 bias", "direct(mr=4,nr=1,panels=1,merged)"},
    {"f32 nwc n=2 ic=6 oc=8 i=19 k=4 s=4 o=73 bias", "direct(mr=4,nr=1,panels=1,merged)"},
    {"f32 nhwc ic=8 oc=21 i=6x7 k=4 s=2 p=1 bias add", "winograd(m=3x3,mr=4,nr=2,rows=3,merged)"},
    {"f32 nhwc ic=8 oc=21 i=6x7 k=4 s=2 p=1 prelu", "winograd(m=1x3,mr=4,nr=2,rows=3,merged)"},
    {"f32 nwc ic=16 oc=5 i=61 k=28 s=4 p=11 bias gelu", "winograd(m=3,r=3,mr=4,nr=2,merged)"},
    {"f32 nchw ic=5 oc=6 i=4x3 k=4 s=2 p=1 bias prelu", "direct(mr=3,nr=1,transposed,merged)"},
    // phases of several axes: few channels, vectors in several rows and across vectors, rows and
    // images that are cut at either end, an axis without stride inside, taps that are not there
    {"f32 nhwc ic=8 oc=3 i=6x7 k=4 s=2 p=1 bias relu", "winograd(m=3x3,mr=4,nr=2,rows=3,merged=2)"},
    {"f32 nhwc ic=8 oc=5 i=6x7 k=4 s=2 p=0x1 bias", "winograd(m=3x3,mr=4,nr=3,rows=3,merged=2)"},
    {"f32 nhwc n=2 ic=8 oc=1 i=6x7 k=6x9 s=3 p=2x1 o=16x19",
     "winograd(m=3x3,mr=4,nr=2,merged=2,rows=3)"},
    {"f32 nhwc ic=8 oc=3 i=6x7 o=12x14 k=3 s=2 tanh", "winograd(m=3x3,mr=4,nr=2,rows=3,merged=2)"},
    {"f32 nhwc ic=8 oc=3 i=6x7 k=7 s=2 p=3 bias", "winograd(m=3x3,mr=4,nr=2,rows=3,merged=2)"},
    {"f32 nwc ic=16 oc=3 i=61 k=25 s=4 p=11 bias", "winograd(m=3,r=3,mr=4,nr=2,merged)"},
    {"f32 ndhwc ic=8 oc=1 i=3x4x5 k=4 s=2 p=1 bias", "winograd(m=3x3x3,mr=4,nr=1,rows=3,merged=3)"},
    {"f32 ndhwc ic=8 oc=2 i=3x4x5 k=4x3x4 s=2x1x2 p=1",
     "winograd(m=3x3x3,mr=4,nr=2,rows=3,merged=3)"},
    {"f32 ndhwc ic=8 oc=2 i=3x4x5 k=4 s=2 p=0x1x0", "winograd(m=1x3x1,mr=4,nr=2,rows=3,merged=2)"},
    {"f32 nhwc ic=8 oc=5 i=4x4 k=4 s=2 p=1 bias add mul",
     "winograd(m=3x3,mr=2,nr=3,rows=3,merged=2)"},
    {"f32 nhwc ic=8 oc=5 i=4x4 k=4 s=2 p=1 bias add prelu gelu",
     "winograd(m=2x2,mr=2,nr=3,rows=2,merged=2)"},
    {"f32 nchw ic=8 oc=3 i=4x4 k=4 s=2 p=1 bias prelu",
     "winograd(m=2x2,mr=2,nr=2,rows=2,transposed,merged=2)"},
    {"f32 nhwc ic=5 oc=6 i=4x7 k=2 s=2 bias relu", "direct(mr=3,nr=3,merged=2)"},
    {"f32 nhwc n=3 ic=5 oc=5 i=4x7 k=4 s=2 p=1 bias add",
     "direct(mr=3,nr=3,rows=2,strip,merged=2)"},
    {"f32 nhwc n=5 ic=5 oc=3 i=4x3 k=3x6 s=3 p=1x2 bias", "direct(mr=2,nr=4,tile=n,merged=2)"},
    {"f32 ndhwc ic=4 oc=1 i=2x3x4 k=2x4x2 s=2 p=0x1x1 selu", "direct(mr=4,nr=1,merged=3)"},
    {"f64 nhwc ic=8 oc=3 i=6x7 k=4 s=2 p=1 bias relu", "winograd(m=3x3,mr=3,nr=3,rows=3,merged=2)"},
    {"bf16 nhwc ic=8 oc=3 i=6x7 k=4 s=2 p=1 bias relu", "direct(mr=3,nr=2,merged=2)"},
    // a bias, slopes and tensors: one per channel, or one per output
    {"f32 nhwc ic=5 oc=6 i=4x7 k=2 s=2 bias prelu add mul", "direct(mr=3,nr=1,merged)"},
    {"f32 nhwc ic=5 oc=6 i=4x7 k=2 s=2 mul prelu tanh", "direct(mr=3,nr=1,merged)"},
    {"f32 nchw ic=5 oc=6 i=4x3 k=2 s=2 bias prelu", "direct(mr=3,nr=1,transposed,merged)"},
    // taps that land nowhere, an input of length 1, pixels with gaps
    {"f32 nwc ic=10 oc=10 i=1 k=25 s=4 p=11", "direct(mr=1,nr=3,merged)"},
    {"f32 nwc n=5 ic=1 oc=3 i=1 k=6 s=3 p=1 ips=20", "direct(mr=3,nr=1,merged)"},
    {"f32 nhwc ic=5 oc=24 i=4x7 k=2 s=2 ips=9 ops=24", "direct(mr=3,nr=3,stream,merged)"},
};
// Phases of one register tile: equal and unequal taps, borders with and without a strip, runs that
// begin apart, post-ops through memory, both layouts.
constexpr Case kPhases[] = {
    {"f32 nhwc n=2 g=20 ic=20 oc=20 i=9x9 k=4 s=2 p=1 bias relu", "channelwise(mr=5,nr=1,strip)"},
    {"f32 nhwc g=40 ic=40 oc=40 i=9x9 k=4 s=2 p=1 bias gelu", "channelwise(mr=2,nr=2,rows=4)"},
    {"f32 nhwc g=20 ic=20 oc=40 i=5x7 k=2 s=2 bias", "channelwise(mr=3,nr=2,rows=4)"},
    {"f32 nhwc g=20 ic=20 oc=20 i=5x7 k=3x5 s=2 p=1x2 bias", "channelwise(mr=4,nr=1,strip)"},
    {"f32 nhwc g=20 ic=20 oc=20 i=5x7 o=11x14 k=4 s=2 p=0x1 add", "channelwise(mr=2,nr=2,strip)"},
    {"f32 nhwc g=10 ic=30 oc=20 i=5x7 k=2 s=2 bias", "channelwise(mr=3,nr=2)"},
    {"f32 nchw g=20 ic=20 oc=20 i=5x9 k=4 s=2 p=1 bias", "channelwise(mr=4,nr=1,rows=2,strip)"},
    {"f32 ndhwc g=20 ic=20 oc=20 i=3x4x5 k=4 s=2 p=1", "channelwise(mr=3,nr=1,rows=2,strip)"},
    {"f32 nwc g=33 ic=33 oc=33 i=21 k=4 s=2 p=1", "channelwise(mr=1,nr=3,strip)"},
};
constexpr Case kPrefetch[] = {
    {"f32 nhwc n=2 ic=5 oc=20 i=6x7 k=4 s=2 p=1 bias", "direct(mr=3,nr=1,rows=2)"},
    {"f32 nwc n=2 ic=5 oc=20 i=40 k=4 s=2 p=1 bias ips=7", "direct(mr=3,nr=1,cols=9,ku=5)"},
    {"f32 nchw n=2 ic=5 oc=20 i=6x17 k=4 s=2 p=1", "direct(mr=3,nr=1,rows=3,strip)"},
    {"f32 ndhwc ic=4 oc=5 i=3x3x9 k=4 s=2 p=1", "direct(mr=4,nr=1,strip)"},
    {"f32 nhwc n=2 ic=24 oc=3 i=6x40 k=4 s=2 p=1 bias", "width(mr=6,nr=2,rows=2)"},
    {"f32 nchw n=2 ic=6 oc=1 i=6x40 k=9 s=1 p=4", "width(mr=1,nr=3,rows=2)"},
    {"f32 nwc n=2 ic=20 oc=1 i=90 k=25 s=4 p=10", "width(mr=4,nr=2,cols=32)"},
    {"f32 nwc ic=6 oc=1 i=90 k=61 s=2 p=10", "width(mr=2,nr=2,cols=32)"},
    {"f32 nhwc n=2 ic=16 oc=20 i=7x9 k=4 s=2 p=1", "winograd(m=3x3,mr=3,nr=2,rows=3)"},
    {"f32 nhwc n=4 ic=16 oc=20 i=4x4 k=3 s=2 p=1", "winograd(m=3x3,mr=3,nr=2,rows=6,images=2)"},
    {"f32 ndhwc ic=8 oc=16 i=7x4x5 k=4 s=2 p=1", "winograd(m=3x3x3,mr=4,nr=1,rows=6)"},
    {"f32 nwc ic=16 oc=20 i=99 k=4 s=2 p=1", "winograd(m=3,mr=3,nr=2,cols=9)"},
    {"f32 nhwc n=2 g=20 ic=20 oc=20 i=7x9 k=4 s=2 p=1", "channelwise(mr=3,nr=1,rows=2,strip)"},
    {"f32 nhwc ic=5 oc=21 i=4x7 k=4 s=2 bias", "direct(mr=4,nr=3,rows=2,merged)"},
    {"f32 nhwc ic=5 oc=40 i=4x7 k=4 s=2 bias", "direct(mr=4,nr=2,fetch=1)"},
    {"f32 nhwc ic=16 oc=20 i=7x9 k=4 s=2 p=1", "winograd(m=3x3,mr=3,nr=2,rows=3,fetch=2)"},
    // Grid points that share rows; of the last one two slabs of three vectors and a rest of four.
    {"f32 nhwc n=2 ic=5 oc=20 i=6x19 k=4 s=2 p=1 bias", "direct(mr=3,nr=1,rows=2,cols=9)"},
    {"f32 nhwc n=2 ic=24 oc=3 i=6x90 k=4 s=2 p=1 bias", "width(mr=6,nr=1,rows=2,cols=32)"},
    {"f32 nhwc n=2 ic=100 oc=20 i=7x40 k=4 s=2 p=1", "winograd(m=3x3,mr=3,nr=2,rows=3,cols=18)"},
};

std::string with(const char* plan, const char* flag) {
  std::string text = plan;
  text.insert(text.size() - 1, std::string(",") + flag);
  return text;
}

class Merged : public testing::TestWithParam<const char*> {};

TEST_P(Merged, IsTheDefinition) {
  std::uint64_t seed = 1;
  for (const Case& c : kMerged) {
    SCOPED_TRACE(c.plan);
    const Sample sample(c.line, ++seed);
    std::vector<tools::Buffer> right;
    check_plan(sample, PlanRun(sample, planner::parse_plan(c.plan), GetParam()), right);
    if (HasFailure()) return;
  }
}

// With `flag` the definition's results, and the bits of the plan without.
void check_flag(std::span<const Case> cases, const char* flag, const char* target) {
  std::uint64_t seed = 1;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.plan);
    const Sample sample(c.line, ++seed);
    std::vector<tools::Buffer> right;
    const PlanRun run(sample, planner::parse_plan(with(c.plan, flag)), target);
    check_plan(sample, run, right);
    EXPECT_TRUE(
        same_values(PlanRun(sample, planner::parse_plan(c.plan), target).run({}), run.run({})));
    if (testing::Test::HasFailure()) return;
  }
}

TEST_P(Merged, PhasesTogetherHaveTheBitsOfPhasesApart) {
  check_flag(kPhases, "phases=2", GetParam());
}

TEST_P(Merged, DirectHasTheBitsOfTheDefinitionsOrder) {
  for (const char* line :
       {"f32 nhwc ic=50 oc=21 i=4x7 k=4 s=2 bias", "f32 nhwc ic=50 oc=3 i=4x7 k=2 s=2 bias tanh"}) {
    const Sample sample(line, 7);
    const auto bits = [&](const char* plan) {
      return PlanRun(sample, planner::parse_plan(plan), GetParam()).run({});
    };
    EXPECT_TRUE(same_values(bits("direct(mr=3,nr=1)"), bits("direct(mr=4,nr=1,rows=2,merged)")));
  }
}

TEST_P(Merged, PrefetchChangesNoBit) { check_flag(kPrefetch, "prefetch", GetParam()); }

INSTANTIATE_TEST_SUITE_P(Targets, Merged, testing::Values("avx512", "avx2"),
                         [](const auto& which) { return std::string(which.param); });

TEST(MergedTwin, IsStrideOneWithThePhasesAsChannels) {
  const planner::Problem p = planner::parse_problem("f32 nhwc ic=5 oc=6 i=4x7 k=4 s=2 bias");
  const planner::Problem twin = planner::merged_twin(p, 1);
  EXPECT_EQ(twin.oc, 12);
  EXPECT_EQ(twin.axes[1], (planner::Axis{.i = 7, .o = 8, .k = 2, .s = 1}));
  EXPECT_EQ(twin.axes[0], p.axes[0]);
  EXPECT_EQ(planner::multiply_adds(twin), planner::multiply_adds(p));
}

TEST(MergedPlans, AreChosenWhereChannelsFillVectorsBadly) {
  const planner::Machine machine = planner::default_machine("avx512");
  const auto chosen = [&](const char* line) {
    return planner::choose(planner::parse_problem(line), machine).plan;
  };
  EXPECT_TRUE(chosen("f32 nhwc ic=24 oc=24 i=184x184 k=2 s=2 bias").merged);
  EXPECT_TRUE(chosen("f32 nhwc ic=21 oc=21 i=70x70 k=16 s=8 bias").merged);
  EXPECT_FALSE(chosen("f32 nhwc ic=64 oc=32 i=70x70 k=2 s=2 bias").merged);
}

// However long the input behind a short output is, and however far apart pixels are.
TEST(PrefetchPlans, AreNoLongerThanOthers) {
  for (const char* isa : {"avx512", "avx2"})
    for (const char* line : {"f32 nwc ic=4 oc=20 i=1000000 o=8 k=4 s=2",
                             "f32 nhwc ic=4 oc=20 i=9x9 k=4 s=2 p=1 ips=1000000"}) {
      const planner::Problem p = planner::parse_problem(line);
      const planner::Plan plan = planner::choose(p, planner::default_machine(isa)).plan;
      EXPECT_TRUE(plan.prefetch) << line;
      EXPECT_TRUE(ir::verify(planner::lower(p, plan, *ir::find_target(isa)).program).empty())
          << line;
    }
}

TEST(PrefetchPlans, AreChosenWhereInputsLieBeyondL2) {
  const planner::Machine machine = planner::default_machine("avx512");
  const auto chosen = [&](const char* line) {
    return planner::choose(planner::parse_problem(line), machine).plan;
  };
  EXPECT_TRUE(chosen("f32 nhwc n=64 ic=64 oc=3 i=32x32 k=4 s=2 p=1").prefetch);
  EXPECT_FALSE(chosen("f32 nhwc n=1 ic=64 oc=3 i=32x32 k=4 s=2 p=1").prefetch);
}

}  // namespace
}  // namespace tconv::tests

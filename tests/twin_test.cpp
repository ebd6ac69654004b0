// Filters and inputs that are not finite: the twin plan computes the definition's products and no
// other; a NaN in the input reaches the outputs that it belongs to and no other.
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "tests/support/plan_run.h"
#include "tests/support/sanitizer.h"

namespace tconv::tests {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

const char* const kLines[] = {
    "f32 nhwc ic=5 oc=20 i=6x7 k=4x4 s=2x2 p=1x1 bias",
    "f32 nchw ic=5 oc=20 i=6x7 k=4x4 s=2x2 p=1x1 bias relu",
    "f32 nhwc ic=6 oc=1 i=9x21 k=5x5 s=2x2 p=2x2 o=18x42",
    "f32 nchw ic=6 oc=3 i=9x21 k=4x4 s=2x2 p=1x1 bias",
    "f32 nhwc g=20 ic=20 oc=20 i=6x9 k=4x4 s=2x2 p=1x1",
    "f32 nchw g=4 ic=8 oc=12 i=6x9 k=3x3 s=1x1 p=1x1",
    "f32 ndhwc ic=4 oc=17 i=3x4x5 k=3x3x3 s=2x2x2 p=1x1x1 o=6x8x10",
    "f32 nwc ic=3 oc=2 i=1100 k=4 s=2 p=1",
    "f32 ncw ic=3 oc=18 i=1100 k=4 s=2 p=1 bias",
    "f32 ncw ic=4 oc=1 i=1200 k=25 s=4 p=11",
    "f32 nwc ic=3 oc=7 i=40 k=6 s=3 d=2 p=4 tanh",
    "f32 nhwc ic=16 oc=9 i=6x7 k=4x4 s=2x2 p=1x1 bias",  // merged, rows cut, winograd
    "f32 nchw ic=16 oc=9 i=6x7 k=4x4 s=2x2 p=0x0 bias",
    "f32 nhwc ic=16 oc=3 i=6x7 k=5x5 s=2x2 p=2x2 o=12x14 bias",  // merged with taps that are 0
};

class Twin : public testing::TestWithParam<const char*> {
 protected:
  std::string target_ = GetParam();
  planner::Machine machine_ = planner::default_machine(target_);
};

TEST_P(Twin, NonFiniteFiltersAreTheDefinitions) {
  std::map<std::string, int> plans, mattered;
  for (const char* line : kLines) {
    Sample sample(line, 11);
    auto* filter = sample.data.filter.as<float>();
    const std::size_t count = sample.data.filter.bytes() / sizeof(float);
    filter[0] = kInfinity;
    filter[count / 3] = kNaN;
    filter[count - 1] = -kInfinity;
    sample.redefine();
    std::map<std::string, bool> seen;  // twins are fewer than plans
    std::vector<tools::Buffer> right;
    for (const auto& candidate : planner::enumerate(sample.problem, machine_).candidates) {
      const PlanRun main(sample, candidate.plan, target_);
      if (!main.lowered().needs_finite_filter) {
        if (++plans["no twin needed"] % (7 * kFewer) == 0) check_plan(sample, main, right);
        continue;
      }
      const planner::Plan twin = planner::finite_twin(sample.problem, candidate.plan, machine_);
      const std::string schedule = planner::name(candidate.plan.schedule);
      if (!seen.insert({schedule + planner::print(twin), true}).second) continue;
      SCOPED_TRACE(main.how() + " twin " + planner::print(twin));
      ++plans[schedule];
      plans["merged"] += twin.merged ? 1 : 0;
      if (left_out(seen.size())) continue;
      const PlanRun run(sample, twin, target_);
      EXPECT_FALSE(run.lowered().needs_finite_filter);
      check_plan(sample, run, right);
      mattered[schedule] += !sample.definition->check(main.run({}).data()).ok();
      if (HasFailure()) return;
    }
  }
  for (const char* schedule : {"direct", "channelwise", "width", "winograd"}) {
    EXPECT_GT(plans[schedule], 0) << schedule;
    if (kFewer > 1) continue;
    EXPECT_GT(mattered[schedule], 0) << schedule << ": the test's filters need no twin";
  }
  EXPECT_GT(plans["no twin needed"], 0);
  EXPECT_GT(plans["merged"], 0);
}

TEST_P(Twin, NonFiniteInputsStayLocal) {
  for (const char* line : kLines) {
    Sample sample(line, 12);
    auto* input = sample.data.input.as<float>();
    const std::size_t count = sample.data.input.bytes() / sizeof(float);
    input[0] = kNaN;
    input[count / 2] = kInfinity;
    input[count - 1] = -kInfinity;
    sample.redefine();
    std::vector<tools::Buffer> right;
    int number = 0;
    for (const auto& candidate : planner::enumerate(sample.problem, machine_).candidates) {
      if (number++ % (5 * kFewer) != 0) continue;
      // Winograd spreads what is not finite over a tile, as docs/accuracy.md says.
      if (candidate.plan.schedule == planner::Schedule::winograd) continue;
      check_plan(sample, PlanRun(sample, candidate.plan, target_), right);
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Twin, testing::Values("avx512", "avx2"),
                         [](const auto& which) { return std::string(which.param); });

}  // namespace
}  // namespace tconv::tests

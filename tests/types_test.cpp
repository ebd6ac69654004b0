// What is particular to element types: dot2 and when it is chosen, winograd by name, values that
// are special in a type, and combinations that are refused.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "planner/element_type.h"
#include "tests/support/plan_run.h"
#include "tools/number.h"

namespace tconv::tests {
namespace {

using planner::Plan;

planner::Machine machine(const std::string& target, double dot2_rate) {
  planner::Machine m = planner::default_machine(target);
  m.dot2_per_cycle = dot2_rate / 2 * m.fma_per_cycle;
  return m;
}

std::string refusal(const std::string& line, const std::string& plan, const char* target) {
  try {
    planner::lower(planner::parse_problem(line), planner::parse_plan(plan),
                   *ir::find_target(target));
  } catch (const planner::PlanError& e) {
    return e.what();
  }
  return "accepted";
}

// ---- dot2

TEST(Dot2, IsChosenByItsRate) {
  const auto p = planner::parse_problem("bf16 nhwc ic=64 oc=64 i=32x32 k=4 s=2 p=1 bias");
  const auto chosen = [&](double rate) { return planner::choose(p, machine("avx512", rate)).plan; };
  EXPECT_TRUE(chosen(2).dot2);
  EXPECT_FALSE(chosen(0.5).dot2);
  EXPECT_FALSE(chosen(0).dot2);
  EXPECT_FALSE(planner::choose(p, machine("avx2", 2)).plan.dot2);
  for (const auto& c :
       planner::enumerate(p, machine("avx512", 2), planner::Accuracy::exact_order).candidates)
    EXPECT_FALSE(c.plan.dot2) << planner::print(c.plan);
}

// Odd channels, tails of lanes and pairs, groups, both layouts, blocks of long rows.
TEST(Dot2, ComputesTheDefinition) {
  const std::pair<const char*, const char*> cases[] = {
      {"bf16 nhwc ic=7 oc=20 i=6x9 k=4 s=2 p=1 bias", "direct(mr=4,nr=2,dot2,strip)"},
      {"bf16 nhwc ic=34 oc=20 i=6x9 k=4 s=2 p=1 bias relu", "direct(mr=4,nr=2,dot2,strip)"},
      {"bf16 nhwc ic=34 oc=20 i=6x9 k=4 s=2 p=1 bias", "direct(mr=4,nr=2,dot2)"},
      {"bf16 nhwc ic=6 oc=33 i=5x9 k=2 s=2 ips=10 ops=40", "direct(mr=5,nr=3,dot2)"},
      {"bf16 nhwc g=3 ic=18 oc=24 i=5x6 k=3 s=2 p=1", "direct(mr=3,nr=1,ku=3,dot2)"},
      {"bf16 nhwc g=2 ic=10 oc=24 i=5x6 k=3 s=2 p=1", "direct(mr=3,nr=1,dot2,strip)"},
      {"bf16 nchw ic=19 oc=17 i=5x21 k=3 s=2 p=1 bias", "direct(mr=6,nr=2,dot2,strip)"},
      {"bf16 nchw ic=3 oc=17 i=5x6 k=3 s=2 p=1", "direct(mr=3,nr=2,dot2,transposed,strip)"},
      {"bf16 out=f32 nwc ic=12 oc=17 i=90 k=16 s=8 p=4", "direct(mr=6,nr=2,cols=24,dot2,strip)"},
      {"bf16 ncw ic=12 oc=17 i=90 k=16 s=8 p=4", "direct(mr=8,nr=2,cols=32,dot2,strip)"},
      {"bf16 nhwc ic=6 oc=6 i=4x7 k=2 s=2 bias=bf16 prelu add", "direct(mr=3,nr=1,dot2,merged)"},
      {"f16 nhwc ic=5 oc=6 i=4x7 k=2 s=2 bias=f16 prelu mul", "direct(mr=3,nr=1,merged)"},
      {"bf16 nchw ic=5 oc=6 i=4x3 k=2 s=2 bias prelu",
       "direct(mr=3,nr=1,dot2,strip,transposed,merged)"},
      {"bf16 nwc n=9 ic=8 oc=20 i=6 k=3 s=2", "direct(mr=4,nr=2,tile=n,dot2)"},
  };
  for (const auto& [line, plan] : cases) {
    SCOPED_TRACE(std::string(line) + " " + plan);
    const Sample sample(line, 5);
    std::vector<tools::Buffer> right;
    check_plan(sample, PlanRun(sample, planner::parse_plan(plan), "avx512"), right);
  }
}

TEST(Dot2, SaysWhyNot) {
  const char *even = "bf16 nhwc ic=8 oc=8 i=6x6 k=3 s=2",
             *odd = "bf16 nhwc ic=7 oc=8 i=6x6 k=3 s=2";
  const struct {
    std::string line, plan;
    const char *target, *words;
  } cases[] = {
      {even, "direct(mr=4,nr=1,dot2)", "avx512", "accepted"},
      {odd, "direct(mr=4,nr=1,dot2)", "avx512", "even numbers of input channels"},
      {odd, "direct(mr=4,nr=1,dot2,strip)", "avx512", "accepted"},
      {std::string(even) + " ips=9", "direct(mr=4,nr=1,dot2)", "avx512", "even numbers of input"},
      {even, "direct(mr=4,nr=1,dot2)", "avx2", "avx2 has no dot2"},
      {even, "direct(mr=4,nr=1,ku=3,dot2)", "avx512", "ku=3 must divide the 4 steps"},
      {even, "width(mr=8,nr=1,dot2)", "avx512", "dot2 is a field of direct"},
      {"f16 nhwc ic=8 oc=8 i=6x6 k=3", "direct(mr=4,nr=1,dot2)", "avx512", "which f16 has not"},
      {"f32 nhwc ic=8 oc=8 i=6x6 k=3", "direct(mr=4,nr=1,dot2)", "avx512", "which f32 has not"},
  };
  for (const auto& c : cases) {
    const std::string said = refusal(c.line, c.plan, c.target);
    EXPECT_NE(said.find(c.words), std::string::npos) << c.line << ' ' << c.plan << ": " << said;
  }
}

// ---- every type

class Types : public testing::TestWithParam<std::tuple<const char*, tools::Type>> {
 protected:
  std::string target_ = std::get<0>(GetParam());
  tools::Type type_ = std::get<1>(GetParam());
  std::string line(const char* rest) const { return std::string(tools::name(type_)) + rest; }
};

TEST_P(Types, WinogradByName) {
  for (const auto& [rest, plan] :
       {std::pair{" nhwc ic=19 oc=21 i=9x11 k=4 s=2 p=1 bias relu",
                  "winograd(m=3x3,mr=4,nr=1,rows=3)"},
        {" nhwc ic=16 oc=24 i=9x11 k=3 s=1 p=1", "winograd(m=4x4,mr=3,nr=1,rows=4)"},
        {" nwc ic=16 oc=12 i=60 k=3 s=2 p=1 bias", "winograd(m=3,mr=4,nr=1)"}}) {
    if (type_ == tools::Type::i32) {
      EXPECT_NE(refusal(line(rest), plan, target_.c_str()).find("i32 does not"), std::string::npos);
      continue;
    }
    const Sample sample(line(rest), 8);
    std::vector<tools::Buffer> right;
    check_plan(sample, PlanRun(sample, planner::parse_plan(plan), target_), right);
    const bool asked = !planner::element_type(sample.problem.dtype).proposes_winograd;
    for (const auto& c : planner::enumerate(sample.problem, machine(target_, 2)).candidates)
      EXPECT_FALSE(asked && c.plan.schedule == planner::Schedule::winograd);
  }
}

// Infinities, NaN, denormals, the largest number and -0 in input and filter, by every schedule.
class FloatingTypes : public Types {};
TEST_P(FloatingTypes, SpecialValues) {
  const tools::Precision has = tools::precision(type_);
  const double inf = std::numeric_limits<double>::infinity();
  const double special[] = {inf,
                            -inf,
                            std::nan(""),
                            has.smallest,
                            -has.smallest * 3,
                            has.largest,
                            -0.0,
                            0,
                            0x1p-14 * 0.75,
                            1};
  for (const char* rest :
       {" nhwc ic=6 oc=20 i=5x7 k=3 s=2 p=1 bias", " nchw ic=5 oc=3 i=5x20 k=4 s=2 p=1 relu",
        " nwc g=12 ic=12 oc=12 i=9 k=3 s=2", " nhwc ic=2 oc=1 i=4x30 k=2 s=2 leaky_relu=0.5"}) {
    Sample sample(line(rest), 21);
    const auto put = [&](tools::Buffer& b, std::size_t every) {
      const std::size_t count = b.bytes() / tools::bytes(type_);
      for (std::size_t i = 0, s = 0; i < count; i += every, ++s)
        tools::write(type_, b.data(), static_cast<std::int64_t>(i), special[s % 10]);
    };
    put(sample.data.input, 11);
    sample.redefine();
    std::vector<tools::Buffer> right;
    int number = 0;
    for (const auto& c : planner::enumerate(sample.problem, machine(target_, 2)).candidates) {
      if (c.plan.schedule == planner::Schedule::winograd || number++ % 9 != 0) continue;
      check_plan(sample, PlanRun(sample, c.plan, target_), right);
      if (HasFailure()) return;
    }
    put(sample.data.filter, 7);
    sample.redefine();
    right.clear();
    for (const auto& c : planner::enumerate(sample.problem, machine(target_, 2)).candidates) {
      if (c.plan.schedule == planner::Schedule::winograd || number++ % 9 != 0) continue;
      Plan plan = c.plan;
      if (PlanRun(sample, plan, target_).lowered().needs_finite_filter)
        plan = planner::finite_twin(sample.problem, plan, machine(target_, 2));
      check_plan(sample, PlanRun(sample, plan, target_), right);
      if (HasFailure()) return;
    }
  }
}

// A strip is in the type of the sum, and a twin without one converts in registers of its own.
TEST_P(Types, TallTilesHaveTwins) {
  const planner::Problem p = planner::parse_problem(line(" nwc ic=4 oc=16 i=200 k=4 s=2 p=1"));
  for (const auto& c : planner::enumerate(p, machine(target_, 0)).candidates) {
    if (!planner::lower(p, c.plan, *ir::find_target(target_)).needs_finite_filter) continue;
    const Plan twin = planner::finite_twin(p, c.plan, machine(target_, 0));
    EXPECT_NO_THROW(planner::lower(p, twin, *ir::find_target(target_))) << planner::print(c.plan);
  }
}

std::string name_of(const testing::TestParamInfo<Types::ParamType>& which) {
  return std::string(std::get<0>(which.param)) + "_" + tools::name(std::get<1>(which.param));
}
const auto kTargets = testing::Values("avx512", "avx2");
const auto kFloating = {tools::Type::f32, tools::Type::f64, tools::Type::f16, tools::Type::bf16};
INSTANTIATE_TEST_SUITE_P(Targets, FloatingTypes,
                         testing::Combine(kTargets, testing::ValuesIn(kFloating)), name_of);
const auto kAll = {tools::Type::f32, tools::Type::f64, tools::Type::f16, tools::Type::bf16,
                   tools::Type::i32};
INSTANTIATE_TEST_SUITE_P(Targets, Types, testing::Combine(kTargets, testing::ValuesIn(kAll)),
                         name_of);

}  // namespace
}  // namespace tconv::tests

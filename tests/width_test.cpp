// The width schedule: every kind of row (few planes, many, one), both layouts, all ranks, against
// the definition, and machine code against the interpreter.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "ir/verify.h"
#include "planner/phase.h"
#include "planner/schedules/schedule.h"
#include "planner/schedules/width_blocks.h"
#include "tests/support/execute.h"
#include "tests/support/plan_run.h"
#include "tools/tensor_data.h"

namespace tconv::tests {
namespace {

constexpr const char* kLines[] = {
    // One plane, two, three, as many as lanes, more; tails of the row and of the blocks of
    // residues.
    "f32 ncw n=2 ic=3 oc=2 i=41 k=3 p=1 bias relu",
    "f32 ncw n=1 ic=4 oc=5 i=37 k=4 s=2 p=1 bias",
    "f32 nwc n=1 ic=5 oc=1 i=70 k=5 s=3 p=2 bias add",
    "f32 nwc n=2 ic=17 oc=3 i=33 k=4 s=2 p=1 bias leaky_relu=0.1",
    "f32 nwc n=1 ic=2 oc=3 i=29 k=7 s=5 p=3 mul",
    "f32 ncw n=1 ic=4 oc=2 i=20 k=16 s=16 bias",
    "f32 nwc n=1 ic=3 oc=1 i=9 k=64 s=40 p=11 bias",
    "f32 nwc n=1 ic=3 oc=1 i=9 k=25 s=40 p=30 bias",
    "f32 nwc n=1 ic=1 oc=1 i=700 k=25 s=4 p=11 bias relu",
    "f32 nwc n=1 ic=2 oc=1 i=300 k=150 p=20",
    "f32 nchw n=2 ic=3 oc=2 i=3x32 k=4x4 s=2x2 p=1x1 bias relu",
    "f32 nhwc n=1 ic=4 oc=4 i=3x32 k=3x4 s=1x4 bias",
    // Dilation: alone, with strides that share a divisor with it or not.
    "f32 ncw n=1 ic=3 oc=2 i=40 k=3 d=4 p=4 bias",
    "f32 nwc n=1 ic=3 oc=2 i=21 k=3 s=4 d=2 p=1 bias",
    "f32 ncw n=1 ic=3 oc=1 i=21 k=4 s=6 d=4 p=5 bias",
    "f32 ncw n=1 ic=2 oc=1 i=9 k=64 s=40 d=3 p=11",
    // Crops and lengths beyond the natural ones; rows shorter than a vector.
    "f32 nchw n=1 ic=3 oc=3 i=5x7 o=14x50 k=3x3 s=2x2 p=1x0 bias",
    "f32 nchw n=1 ic=2 oc=2 i=6x40 o=3x21 k=4x4 s=2x2 p=5x33 bias relu",
    "f32 nhwc n=1 ic=6 oc=1 i=4x4 k=3x3 s=2x2 p=1x1 bias",
    // Ranks, groups, filter layouts, post-ops.
    "f32 nhwc n=1 ic=20 oc=3 i=6x18 k=4x4 s=2x2 p=1x1 bias relu",
    "f32 nhwc n=2 g=3 ic=6 oc=6 i=5x19 k=3x3 s=2x2 p=1x1 filter=torch bias",
    "f32 nchw n=1 g=4 ic=4 oc=4 i=9x23 k=3x3 s=2x2 p=1x1 bias",
    "f32 nchw n=1 ic=4 oc=3 i=5x20 k=5x3 s=3x1 d=1x2 p=2x1 filter=tf bias prelu add",
    "f32 nhwc n=1 ic=4 oc=3 i=5x20 k=5x4 s=3x2 d=2x1 p=2x1 bias prelu add",
    "f32 nwc n=1 ic=3 oc=20 i=21 k=3 s=2 p=1 bias prelu add relu",
    "f32 nwc n=1 ips=9 ic=3 oc=2 i=40 k=4 s=2 p=1 bias",
    "f32 ncdhw n=1 ic=3 oc=2 i=2x3x17 k=3x3x4 s=1x2x2 p=1x1x1 bias clip=-1,1",
    "f32 ndhwc n=1 ic=2 oc=1 i=3x2x17 k=4x3x4 s=2x1x2 p=1x1x1 bias",
};

class WidthSchedule : public testing::TestWithParam<const char*> {};

TEST_P(WidthSchedule, EveryPlanComputesTheDefinition) {
  const std::string target = GetParam();
  const planner::Machine machine = planner::default_machine(target);
  const ir::Target& ir_target = *ir::find_target(target);
  for (const char* line : kLines) {
    const planner::Problem problem = planner::parse_problem(line);
    const tools::Shape shape = tools::parse_shape(line);
    const tools::TensorData data = tools::random_data(shape, 7);
    const tools::Definition definition(shape, data.view());
    std::vector<planner::Plan> plans;
    for (const planner::Candidate& c : planner::enumerate(problem, machine).candidates) {
      if (c.plan.schedule != planner::Schedule::width) continue;
      plans.push_back(c.plan);
      planner::Plan stream = c.plan;
      stream.stream = true;
      if (planner::why_not_width(planner::normalize(problem), stream, ir_target).empty())
        plans.push_back(stream);
    }
    EXPECT_GE(plans.size(), 1U) << line;
    for (const planner::Plan& plan : plans) {
      const std::string how = std::string(line) + " plan " + planner::print(plan);
      const planner::Lowered lowered = planner::lower(problem, plan, ir_target);
      ASSERT_NO_THROW(ir::verify_or_throw(lowered.program)) << how;
      const auto run = [&](const ExecuteOptions& options) {
        tools::Buffer output(data.output.bytes());
        std::memset(output.data(), 0xff, output.bytes());
        execute(problem, lowered, data.view(), output.data(), options);
        return output;
      };
      const tools::Buffer interpreted = run({});
      const tools::Comparison result = definition.check(interpreted.data());
      EXPECT_TRUE(result.ok()) << how << ": " << result.wrong << " wrong, " << result.first_wrong;
      if (!jit::host_supports(target)) continue;
      const auto compiled = jit::compile_xbyak(lowered.program);
      const tools::Buffer machine_code = run({compiled.get(), 1, 3});
      EXPECT_EQ(std::memcmp(interpreted.data(), machine_code.data(), interpreted.bytes()), 0)
          << how;
    }
  }
}

// exact-order may choose between them.
TEST_P(WidthSchedule, OrderedHasTheBitsOfDirect) {
  const planner::Machine machine = planner::default_machine(GetParam());
  int compared = 0;
  for (const char* line : kLines) {
    const Sample sample(line, 7);
    const auto exact =
        planner::enumerate(sample.problem, machine, planner::Accuracy::exact_order).candidates;
    const auto find = [&](auto&& wanted) {
      return std::find_if(exact.begin(), exact.end(),
                          [&](const auto& c) { return wanted(c.plan); });
    };
    const auto ordered = find([](const planner::Plan& plan) { return plan.ordered; });
    const auto direct =
        find([](const planner::Plan& plan) { return plan.schedule == planner::Schedule::direct; });
    if (ordered == exact.end() || direct == exact.end()) continue;
    const auto bits = [&](const planner::Plan& plan) {
      return PlanRun(sample, plan, GetParam()).run({});
    };
    EXPECT_TRUE(same_values(bits(ordered->plan), bits(direct->plan)))
        << line << " " << planner::print(ordered->plan) << " " << planner::print(direct->plan);
    ++compared;
  }
  EXPECT_GE(compared, 12);
}

INSTANTIATE_TEST_SUITE_P(Targets, WidthSchedule, testing::Values("avx512", "avx2"),
                         [](const auto& target) { return std::string(target.param); });

// The number of phases must not multiply the code.
TEST(WidthBudget, HugeStridesStaySmall) {
  for (const char* line : {"f32 nwc n=1 ic=513 oc=1 i=200 k=1024 s=256",
                           "f32 nhwc n=1 ic=16 oc=1 i=32x32 k=64x64 s=32x32 p=16x16 bias",
                           "f32 ncdhw n=1 ic=8 oc=2 i=8x8x32 k=5x5x5 s=3x3x3 p=1x1x1 bias"}) {
    const planner::Problem problem = planner::parse_problem(line);
    int plans = 0;
    for (const planner::Candidate& candidate :
         planner::enumerate(problem, planner::default_machine("avx512")).candidates) {
      if (candidate.plan.schedule != planner::Schedule::width || ++plans > 4) continue;
      const planner::Lowered lowered =
          planner::lower(problem, candidate.plan, *ir::find_target("avx512"));
      const auto compiled = jit::compile_xbyak(lowered.program);
      EXPECT_LT(compiled->code().size(), 64U << 10) << line << planner::print(candidate.plan);
    }
    EXPECT_GE(plans, 1) << line;
  }
}

TEST(WidthRules, RefusalsSayWhy) {
  const planner::Problem problem = planner::parse_problem("f32 ncw n=1 ic=3 oc=3 i=64 k=4 s=2 p=1");
  const ir::Target& target = *ir::find_target("avx512");
  const auto reason = [&](const char* plan) {
    return planner::why_not_width(problem, planner::parse_plan(plan), target);
  };
  EXPECT_EQ(reason("width(mr=6,nr=4)"), "");
  EXPECT_EQ(reason("width(mr=3,nr=2,cols=32)"), "");
  EXPECT_NE(reason("width(mr=6,nr=5)").find("registers"), std::string::npos);
  EXPECT_NE(reason("width(mr=4,nr=1)").find("residues x channels"), std::string::npos);
  EXPECT_NE(reason("width(mr=6,nr=4,cols=32)").find("cols"), std::string::npos);
  EXPECT_NE(reason("width(mr=6,nr=1,rows=2)").find("rows"), std::string::npos);
  EXPECT_NE(reason("width(mr=6,nr=1,strip)").find("strip"), std::string::npos);
  EXPECT_THROW(planner::lower(problem, planner::parse_plan("width(mr=7,nr=9)"), target),
               planner::PlanError);
}

// Every tap of every output is in exactly one block, in the place where the filter is packed.
TEST(WidthBlocks, CoverEveryTapOnce) {
  for (const char* axis : {"k=4 s=2 p=1", "k=25 s=4 p=11", "k=3 s=7 p=5", "k=9 s=2 d=3 p=4",
                           "k=5 s=6 d=4 p=3", "k=7 s=1 d=2 p=6", "k=64 s=16 p=33"}) {
    const planner::Problem p =
        planner::parse_problem("f32 ncw n=1 ic=1 oc=1 i=50 " + std::string(axis));
    const planner::Axis& a = p.axes[0];
    for (int mr : {1, 2, 3, 8}) {
      const planner::WidthBlocks w = planner::width_blocks(p, mr);
      std::vector<int> seen(static_cast<std::size_t>(a.k), 0),
          residues(static_cast<std::size_t>(a.s), 0);
      for (const planner::ResidueBlocks& b : w.blocks)
        for (std::int64_t n = 0; n < b.count; ++n) {
          for (int r = 0; r < b.size; ++r)
            ++residues.at(static_cast<std::size_t>(b.first + n * b.stride + r));
          for (const planner::WidthTaps& t : b.taps)
            for (std::int64_t j = 0; j < t.count; ++j)
              for (int r = t.lo; r < t.hi; ++r) {
                const std::int64_t residue = b.first + n * b.stride + r;
                const std::int64_t packed = t.packed + j * t.packed_step + n * b.packed_stride;
                const std::int64_t block = b.packed_block + n * b.packed_block_stride;
                const std::int64_t tap =
                    w.tap_constant + packed * w.tap_step + block * w.residues + r;
                EXPECT_EQ(residue + a.p - a.s * (t.delta - j * t.step), tap * a.d) << axis;
                ++seen.at(static_cast<std::size_t>(tap));
              }
        }
      for (int n : seen) EXPECT_EQ(n, 1) << axis;
      for (int n : residues) EXPECT_EQ(n, 1) << axis;
    }
  }
}

}  // namespace
}  // namespace tconv::tests

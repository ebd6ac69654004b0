// A stage's grid points are independent: one by one, in any order and with whatever earlier points
// left in local memory, they give the same bits as all in a row. So chunks may be claimed freely.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

#include "jit/backend.h"
#include "tests/support/execute.h"
#include "tests/support/sanitizer.h"
#include "tools/random_problem.h"
#include "tools/tensor_data.h"

namespace tconv::tests {
namespace {

using planner::Plan;

// Some of every schedule, the best first, since schedules with few plans must not drown.
std::vector<Plan> of_each_schedule(const planner::PlanSet& set, std::size_t most) {
  std::map<std::string, std::vector<Plan>> found;
  for (const planner::Candidate& c : set.candidates)
    found[std::string(planner::name(c.plan.schedule)) + (c.plan.transposed ? "+transposed" : "") +
          (c.plan.strip ? "+strip" : "")]
        .push_back(c.plan);
  std::vector<Plan> plans;
  for (const auto& [name, of_one] : found)
    for (std::size_t i = 0; i < std::min(most, of_one.size()); ++i)
      plans.push_back(of_one[i * of_one.size() / std::min(most, of_one.size())]);
  return plans;
}

class GridOrder : public testing::TestWithParam<const char*> {
 protected:
  void check(const std::string& line, std::uint64_t seed);

  const std::string target_ = GetParam();
  const bool full_ = std::getenv("TCONV_TEST_FULL") != nullptr;
  std::map<std::string, int> schedules_;
};

void GridOrder::check(const std::string& line, std::uint64_t seed) {
  const planner::Problem problem = planner::parse_problem(line);
  planner::Machine machine = planner::default_machine(target_);
  machine.threads = 1 + static_cast<int>(seed % 3);
  if (seed % 2 == 0) machine.stream_from_bytes = 0;
  tools::TensorData data = tools::random_data(tools::parse_shape(line), seed);
  for (const Plan& plan : of_each_schedule(planner::enumerate(problem, machine), full_ ? 20 : 2)) {
    const auto lowered = planner::lower(problem, plan, *ir::find_target(target_));
    const std::string how = line + " " + planner::print(plan) + " seed=" + std::to_string(seed);
    std::shared_ptr<const jit::CompiledProgram> code;
    if (jit::host_supports(target_, nullptr)) code = jit::compile_xbyak(lowered.program);
    const auto run = [&](const ExecuteOptions& options) {
      tools::Buffer output(data.output.bytes());
      if (output.bytes() > 0) std::memset(output.data(), 0xff, output.bytes());
      execute(problem, lowered, data.view(), output.data(), options);
      const char* first = output.as<char>();
      return std::vector<char>(first, first + output.bytes());
    };
    const std::vector<char> in_a_row = run({.compiled = code.get()});
    for (std::uint64_t order = 1; order <= (full_ ? 4 : 1); ++order)
      ASSERT_EQ(
          in_a_row,
          run({.compiled = code.get(), .chunk = 1, .shuffle_seed = seed + order, .locals = 3}))
          << how;
    ++schedules_[planner::name(plan.schedule)];
  }
}

TEST_P(GridOrder, DoesNotMatter) {
  const std::uint64_t problems = full_ ? 1000 : fewer(80);
  tools::RandomProblems random(2024, {.max_multiply_adds = 3e5});
  for (std::uint64_t i = 0; i < problems && !HasFatalFailure(); ++i) check(random.next(), i);
  // Too few channels for winograd in those.
  for (const char* line : {"f32 nhwc ic=32 oc=40 i=7x9 k=4 s=2 p=1 bias relu",
                           "f32 nhwc n=4 ic=32 oc=32 i=4x4 k=4 s=2 p=1",
                           "f32 nwc ic=32 oc=32 i=61 k=25 s=4 p=11 bias"})
    for (const std::uint64_t seed : {0, 1, 2})
      if (!HasFatalFailure()) check(line, seed);
  if (kFewer > 1) return;
  for (const char* name : {"direct", "width", "channelwise", "winograd"})
    EXPECT_GT(schedules_[name], 5) << name << ": random problems no longer reach it";
}

INSTANTIATE_TEST_SUITE_P(Targets, GridOrder, testing::Values("avx512", "avx2"),
                         [](const auto& which) { return std::string(which.param); });

}  // namespace
}  // namespace tconv::tests

// Plans by LLVM, on every x86-64 target, between guard pages and in any order of the grid: bit for
// bit the interpreter, which is checked against the definition.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "tests/support/backends.h"
#include "tests/support/plan_run.h"
#include "tests/support/sanitizer.h"
#include "tests/support/shrunk.h"
#include "tools/layers_csv.h"
#include "tools/random_problem.h"

namespace tconv::tests {
namespace {

bool full_counts() { return std::getenv("TCONV_TEST_FULL") != nullptr; }

class LlvmPlans : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string missing = test::missing({"llvm", target_});
    if (!missing.empty()) GTEST_SKIP() << "missing here: " << missing;
  }
  void check(const Sample& sample, const planner::Plan& plan) {
    const auto built = std::make_shared<BuiltPlan>(sample.problem, plan, target_, "llvm");
    ++plans_[planner::name(plan.schedule)];
    const PlanRun run(sample, built);
    std::vector<tools::Buffer> right;
    check_plan(sample, run, right);
  }
  void print_plans() const {
    std::string text;
    for (const auto& [schedule, count] : plans_)
      text += schedule + " " + std::to_string(count) + " ";
    std::printf("plans: %s\n", text.c_str());
  }
  std::string target_ = GetParam();
  std::map<std::string, int> plans_;
};

TEST_P(LlvmPlans, TwinsOfRealLayers) {
  const planner::Machine machine = planner::default_machine(target_);
  std::uint64_t seed = 0;
  std::size_t number = 0;
  for (const char* layout : {"last", "first"}) {
    const std::string path = std::string(TCONV_SOURCE_DIR) + "/bench/layers.csv";
    for (const tools::LayerRow& row : tools::read_layers(path, "f32", layout, true)) {
      // All of one layout; every fourth of the other.
      if (left_out(number++) || (!full_counts() && *layout == 'f' && number % 4 != 0)) continue;
      const planner::Plan plan = planner::choose(planner::parse_problem(row.line), machine).plan;
      const Sample sample(tools::to_line(shrunk(tools::parse_shape(row.line), 3e5)), ++seed);
      SCOPED_TRACE(row.name + " " + row.line);
      try {
        check(sample, plan);
      } catch (const planner::PlanError&) {  // not for this few channels or pixels
        check(sample, planner::choose(sample.problem, machine).plan);
      }
      if (HasFailure()) return;
    }
  }
  print_plans();
}

TEST_P(LlvmPlans, RandomProblems) {
  for (const tools::Type type : {tools::Type::f32, tools::Type::f64, tools::Type::f16,
                                 tools::Type::bf16, tools::Type::i32}) {
    const int count = fewer(full_counts() ? 200 : 24);
    tools::RandomProblems problems(11, {.type = type, .max_multiply_adds = 1e5});
    planner::Machine machine = planner::default_machine(target_);
    machine.dot2_per_cycle = machine.fma_per_cycle;  // plans with dot2
    for (int i = 0; i < count; ++i) {
      if (i % 2 == 0) machine.stream_from_bytes = 0;
      const Sample sample(problems.next(), static_cast<std::uint64_t>(i));
      SCOPED_TRACE(sample.line);
      const auto plans = planner::enumerate(sample.problem, machine).candidates;
      check(sample, plans.front().plan);
      if (plans.size() > 1)
        check(sample, plans[1 + static_cast<std::size_t>(i) % (plans.size() - 1)].plan);
      if (HasFailure()) return;
    }
  }
  print_plans();
}

INSTANTIATE_TEST_SUITE_P(Targets, LlvmPlans, testing::Values("avx512", "avx2", "sse2"),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace tconv::tests

// One program for every batch or length of a range: at any size it computes the definition, to the
// bit what the interpreter computes, each output once, and nothing outside its tensors.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "tests/support/plan_run.h"
#include "tests/support/sanitizer.h"
#include "tools/random_problem.h"

namespace tconv::tests {
namespace {

using planner::Plan;
using planner::Problem;

constexpr std::uint64_t kShards = 4;

bool full_counts() { return std::getenv("TCONV_TEST_FULL") != nullptr; }

// Both ends, their neighbours, whole tiles and what is one more or less, and some at random.
std::set<std::int64_t> sizes_of(std::int64_t least, std::int64_t most, const Plan& plan,
                                std::mt19937_64& random) {
  std::set<std::int64_t> sizes;
  const auto add = [&](std::int64_t s) {
    if (s >= least && s <= most) sizes.insert(s);
  };
  for (const std::int64_t s : {least, least + 1, most - 1, most}) add(s);
  const std::int64_t m = plan.m.empty() ? 1 : plan.m.back();
  for (const std::int64_t whole : {std::int64_t{plan.mr}, m * plan.mr, plan.cols})
    for (const std::int64_t s : {whole - 1, whole, whole + 1})
      if (whole > 0) add(s);
  for (int i = 0; i < 3; ++i)
    add(least + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most - least + 1)));
  return sizes;
}

// All such plans compute the same bits.
bool adds_in_definition_order(const Plan& plan) {
  return plan.schedule != planner::Schedule::width && plan.schedule != planner::Schedule::winograd;
}

class Range : public testing::TestWithParam<std::tuple<std::string, std::uint64_t>> {
 protected:
  void check(const std::string& line, std::uint64_t seed, std::size_t most_plans);

  tools::Buffer in_definition_order(const Sample& sample) const;

  std::string target_ = std::get<0>(GetParam());
  std::map<std::string, int> runs_;  // per schedule
};

// The answer of a plan for this size alone.
tools::Buffer Range::in_definition_order(const Sample& sample) const {
  for (const planner::Candidate& c :
       planner::enumerate(sample.problem, planner::default_machine(target_)).candidates)
    if (adds_in_definition_order(c.plan)) return PlanRun(sample, c.plan, target_).run({});
  ADD_FAILURE() << sample.line << ": no plan adds in the order of the definition";
  return {};
}

// Samples by size are shared between plans: the definition is slow.
void Range::check(const std::string& line, std::uint64_t seed, std::size_t most_plans) {
  SCOPED_TRACE(line + " | seed " + std::to_string(seed) + " " + target_);
  std::mt19937_64 random(seed);
  const Problem problem = planner::parse_problem(line);
  planner::Machine machine = planner::default_machine(target_);
  if (seed % 2 == 0) machine.stream_from_bytes = 0;
  std::vector<planner::Candidate> plans = planner::enumerate(problem, machine).candidates;
  ASSERT_FALSE(plans.empty());
  // The best, its twin for filters that are not finite, and others by chance.
  std::shuffle(plans.begin() + 1, plans.end(), random);
  plans.resize(std::min(plans.size(), most_plans));
  if (plans[0].plan.schedule != planner::Schedule::bias_only)
    plans.push_back({planner::finite_twin(problem, plans[0].plan, machine)});

  struct Size {
    Sample sample;
    tools::Buffer fixed;  // what a program for this size alone computes
    std::vector<tools::Buffer> right;
  };
  std::map<std::int64_t, std::unique_ptr<Size>> samples;
  for (const planner::Candidate& c : plans) {
    SCOPED_TRACE(planner::print(c.plan));
    std::shared_ptr<BuiltPlan> built;
    ASSERT_NO_THROW(built = std::make_shared<BuiltPlan>(problem, c.plan, target_));
    const bool batch = problem.n_min > 0;
    const std::set<std::int64_t> sizes =
        batch ? sizes_of(problem.n_min, problem.n, c.plan, random)
              : sizes_of(problem.i_min, problem.axes[0].i, c.plan, random);
    for (const std::int64_t size : sizes) {
      std::unique_ptr<Size>& at = samples[size];
      if (!at) {
        const Problem one = planner::at_sizes(problem, batch ? size : 1, size);
        at = std::make_unique<Size>(Size{Sample(planner::print(one), seed), {}, {}});
        at->fixed = in_definition_order(at->sample);
      }
      ++runs_[planner::name(c.plan.schedule)];
      const PlanRun run(at->sample, built);
      check_plan(at->sample, run, at->right);
      if (adds_in_definition_order(c.plan)) {
        EXPECT_TRUE(same_values(run.run({}), at->fixed)) << run.how() << ": not as at a fixed size";
      }
    }
  }
}

TEST_P(Range, Batches) {
  static const char* const kLines[] = {
      "f32 nhwc n=1..64 ic=3 oc=20 i=3x4 k=4x4 s=2x2 p=1x1 bias relu",
      "f32 nhwc n=1..40 ic=8 oc=16 i=1x1 k=4x4",
      "f32 nhwc n=1..50 ic=3 oc=20 i=5x1 k=3x2 s=2x1 bias",
      "f32 nhwc n=2..37 ic=2 oc=3 i=4x5 k=3x3 s=2x2 p=1x1 bias add",
      "f32 nhwc n=1..9 g=8 ic=16 oc=24 i=3x3 k=3x3 s=2x2 bias",
      "f32 nhwc n=1..9 g=20 ic=20 oc=20 i=3x5 k=4x4 s=2x2 p=1x1 ops=23",
      "f32 nhwc n=5..6 ic=7 oc=9 i=4x4 k=1x1 bias",
      "f32 ndhwc n=1..5 ic=3 oc=5 i=3x4x5 k=1x3x3 s=1x2x2 bias",
      "f32 nwc n=1..300 ic=5 oc=33 i=7 k=16 s=8 p=4",
      "f32 nwc n=1..7 ic=2 oc=4 i=9 k=3 s=2 d=3 ips=5",
      "f32 nchw n=1..9 ic=3 oc=17 i=5x20 k=4x4 s=2x2 p=1x1 bias tanh",
      "f32 nchw n=1..9 ic=4 oc=2 i=5x19 k=5x5 s=2x2 p=2x2 prelu",
      "f32 nchw n=1..6 ic=17 oc=18 i=9x3 k=3x3 s=2x2 p=1x1 bias relu add",
      "f32 nchw n=3..8 g=4 ic=8 oc=8 i=4x9 k=3x3 s=2x2",
      "f32 nhwc n=1..7 ic=24 oc=20 i=6x7 k=4x4 s=2x2 p=1x1 bias",
      "f32 nhwc n=1..8 ic=0 oc=5 i=3x3 k=2x2 bias",
      "f32 nchw n=1..8 ic=0 oc=5 i=3x3 k=2x2 bias",
      "f32 nhwc n=1..8 ic=3 oc=5 i=3x3 o=0x4 k=2x2 bias",
  };
  for (std::uint64_t at = std::get<1>(GetParam()); at < std::size(kLines) && !HasFailure();
       at += kShards)
    check(kLines[at], at, full_counts() ? 1000 : fewer(9));
}

TEST_P(Range, Lengths) {
  static const char* const kLines[] = {
      "f32 nwc ic=5 oc=40 i=1..1000 k=16 s=8 p=4 bias",
      "f32 nwc ic=8 oc=32 i=1..700 k=4 s=2 p=1 leaky_relu=0.1",
      "f32 nwc ic=3 oc=17 i=3..300 k=3 s=2 bias add",
      "f32 nwc ic=2 oc=20 i=1..400 k=7 s=1 p=3 tanh",
      "f32 nwc ic=2 oc=9 i=1..200 k=5 s=2 d=3 p=2 ops=11",
      "f32 nwc ic=3 oc=8 i=2..130 k=3 s=4 d=6 p=1 bias",
      "f32 nwc ic=2 oc=16 i=1..600 k=2 s=5",
      "f32 nwc ic=4 oc=16 i=1..600 k=1 bias",
      "f32 nwc ic=4 oc=30 i=1..90 k=4 s=4 ips=6",
      "f32 nwc ic=2 oc=18 i=9..80 k=25 s=4 p=11 bias prelu",
      "f32 nwc g=20 ic=20 oc=20 i=1..700 k=4 s=2 p=1 bias",
      "f32 nwc g=6 ic=12 oc=18 i=1..200 k=3 s=1 d=2 p=2",
      "f32 nwc g=3 ic=60 oc=51 i=1..200 k=4 s=2",
      "f32 nwc ic=1 oc=1 i=1..500 k=7 s=1 p=3",
      "f32 nwc ic=2 oc=2 i=5..60 k=40 s=3 d=5 p=70",
      "f32 nwc ic=1 oc=3 i=1..40 k=64 s=32 p=16",
      "f32 nwc ic=0 oc=20 i=1..4000 k=4 s=2 bias relu",
      "f32 nwc ic=3 oc=16 i=1..30 k=2 s=3 p=1 d=2",
      "f32 nwc ic=20 oc=18 i=1..300 k=3 s=2 bias",
      "f32 nwc ic=16 oc=40 i=2..160 k=9 s=2 p=4",
      "f32 nwc ic=21 oc=21 i=1..300 k=8 s=4 p=3 bias add",
      "f32 nwc ic=16 oc=5 i=1..300 k=6 s=3 p=2 mul prelu",
      "f32 nwc ic=9 oc=24 i=1..200 k=5 s=2 p=1 bias tanh",
  };
  for (std::uint64_t at = std::get<1>(GetParam()); at < std::size(kLines) && !HasFailure();
       at += kShards)
    check(kLines[at], at, full_counts() ? 1000 : fewer(10));
}

TEST_P(Range, RandomProblems) {
  const std::uint64_t shard = std::get<1>(GetParam());
  tools::RandomProblems problems(shard + 1, {.max_multiply_adds = 1e5, .open_percent = 100});
  int open = 0;
  for (const int wanted = full_counts() ? 150 : fewer(12); open < wanted && !HasFailure();) {
    const std::string line = problems.next();
    if (line.find("..") == std::string::npos) continue;  // too small for a range
    check(line, shard + static_cast<std::uint64_t>(open++), full_counts() ? 30 : 5);
  }
  std::string summary;
  for (const auto& [schedule, runs] : runs_) summary += schedule + " " + std::to_string(runs) + " ";
  std::printf("runs: %s\n", summary.c_str());
}

INSTANTIATE_TEST_SUITE_P(Targets, Range,
                         testing::Combine(testing::Values("avx512", "avx2"),
                                          testing::Range(std::uint64_t{0}, kShards)),
                         [](const auto& which) {
                           return std::get<0>(which.param) + "_" +
                                  std::to_string(std::get<1>(which.param));
                         });

}  // namespace
}  // namespace tconv::tests

// Random problems x legal plans, through the whole chain: interpreter against the definition,
// machine code against the interpreter bit for bit, between guard pages, every output element
// written exactly once, any split and order of the grid. TCONV_TEST_FULL=1 runs 2,000 problems per
// type and target and all their plans; TCONV_RANDOM_SEED chooses others.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "tests/support/plan_run.h"
#include "tests/support/sanitizer.h"
#include "tools/random_problem.h"

namespace tconv::tests {
namespace {

using planner::Plan;

constexpr std::uint64_t kShards = 8;

bool full_counts() { return std::getenv("TCONV_TEST_FULL") != nullptr; }
std::uint64_t first_seed() {
  const char* text = std::getenv("TCONV_RANDOM_SEED");
  return text != nullptr ? std::strtoull(text, nullptr, 10) : 1;
}

// The best plan of every schedule, and random others.
std::vector<Plan> sampled(const std::vector<planner::Candidate>& candidates, std::size_t most,
                          std::mt19937_64& random) {
  std::vector<Plan> first, rest;
  std::set<planner::Schedule> seen;
  for (const planner::Candidate& c : candidates)
    (seen.insert(c.plan.schedule).second ? first : rest).push_back(c.plan);
  std::shuffle(rest.begin(), rest.end(), random);
  first.insert(first.end(), rest.begin(), rest.end());
  if (first.size() > most) first.resize(most);
  return first;
}

// A plan that nobody proposed, but that a user may name.
Plan mutated(Plan plan, std::mt19937_64& random) {
  const auto pick = [&](int lo, int hi) {
    return lo + static_cast<int>(random() % static_cast<std::uint64_t>(hi - lo + 1));
  };
  for (int changes = pick(1, 3); changes > 0; --changes) {
    switch (pick(0, 9)) {
      case 0:
        plan.mr = pick(1, 28);
        break;
      case 1:
        plan.nr = pick(1, 8);
        break;
      case 2:
        plan.rows = pick(1, 20);
        break;
      case 3:
        plan.cols = std::int64_t{plan.mr} * pick(0, 9);
        break;
      case 4:
        plan.panels = pick(0, 4);
        break;
      case 5:
        plan.ku = random() % 4 == 0 ? pick(1, 64) : pick(1, 5);
        break;
      case 6:
        plan.strip = !plan.strip;
        break;
      case 7:
        plan.stream = !plan.stream;
        break;
      case 9:
        plan.dot2 = !plan.dot2;
        break;
      case 8:
        plan.tile = plan.tile == planner::TileAxis::w ? planner::TileAxis::n : planner::TileAxis::w;
        break;
    }
  }
  return plan;
}

// Integers have few post-ops.
bool allowed(const std::string& line) {
  try {
    planner::parse_problem(line);
    return true;
  } catch (const planner::ProblemError&) {
    return false;
  }
}

class Property
    : public testing::TestWithParam<std::tuple<const char*, std::uint64_t, tools::Type>> {
 protected:
  // Streaming stores whatever the size, so that small problems have such plans too.
  planner::Machine machine(bool stream) const {
    planner::Machine m = planner::default_machine(target_);
    if (stream) m.stream_from_bytes = 0;
    m.dot2_per_cycle =
        m.fma_per_cycle;  // plans with dot2; where the CPU lacks it, in the interpreter
    return m;
  }
  void check(const std::string& line, std::uint64_t seed, int most_plans = 12);
  // Fewer cases: vectors of 4 lanes take the interpreter longer, and LLVM, if it compiles them.
  bool narrow() const { return ir::find_target(target_)->vector_bytes == 16; }

  std::string target_ = std::get<0>(GetParam());
  tools::Type type_ = std::get<2>(GetParam());
  std::map<std::string, int> plans_;  // per schedule
  int named_ = 0;
};

void Property::check(const std::string& line, std::uint64_t seed, int most_plans) {
  const Sample sample(line, seed);
  std::mt19937_64 random(seed);
  std::vector<tools::Buffer> right;
  const std::vector<Plan> plans =
      sampled(planner::enumerate(sample.problem, machine(seed % 2 == 0)).candidates,
              full_counts() ? 1000 : static_cast<std::size_t>(most_plans), random);
  for (const Plan& plan : plans) {
    SCOPED_TRACE(line + " " + planner::print(plan));
    ++plans_[planner::name(plan.schedule)];
    ASSERT_NO_THROW(check_plan(sample, PlanRun(sample, plan, target_), right));
  }
  for (int tries = 0; tries < fewer(8); ++tries) {
    const Plan plan = mutated(plans[random() % plans.size()], random);
    SCOPED_TRACE(line + " " + planner::print(plan));
    try {
      const PlanRun run(sample, plan, target_);
      ++named_;
      check_plan(sample, run, right);
    } catch (const planner::PlanError&) {
      continue;  // refused with a reason: plan_test looks at those
    } catch (const std::exception& e) {
      FAIL() << e.what();
    }
  }
}

TEST_P(Property, RandomProblemsByEveryPlan) {
  const std::uint64_t shard = std::get<1>(GetParam());
  const int few = fewer((type_ == tools::Type::f32 ? 160 : 32) / (narrow() ? 4 : 1));
  const std::uint64_t count =
      (full_counts() ? 2000 : std::max(few, static_cast<int>(kShards))) / kShards;
  std::string missing;
  if (!jit::host_supports(target_, &missing))
    std::printf("interpreter only: this host lacks %s\n", missing.c_str());
  tools::RandomProblems problems(first_seed() * kShards + shard,
                                 {.type = type_, .max_multiply_adds = 2e5});
  for (std::uint64_t at = 0; at < count && !HasFailure(); ++at)
    check(problems.next(), first_seed() + at * kShards + shard);
  std::string summary;
  for (const auto& [schedule, plans] : plans_)
    summary += schedule + " " + std::to_string(plans) + " ";
  std::printf("plans: %snamed %d\n", summary.c_str(), named_);
}

// What random problems of this size do not reach: long rows that are cut into blocks, many panels,
// wide filters, large strides, more views than registers for pointers, short channels-first rows.
TEST_P(Property, LongAndWideProblems) {
  static const char* const kLines[] = {
      "f32 nwc ic=3 oc=20 i=1400 k=5 s=2 p=1 bias",
      "f32 nwc ic=2 oc=5 i=1100 k=3 s=1 d=3 p=2 ops=9 tanh",
      "f32 ncw ic=3 oc=17 i=1300 k=4 s=2 p=1 bias relu",
      "f32 ncw ic=2 oc=3 i=1030 o=4130 k=7 s=4 d=2 p=3",
      "f32 nwc g=24 ic=24 oc=24 i=1200 k=4 s=2 p=1",
      "f32 nwc g=8 ic=16 oc=24 i=1100 k=3 s=1 p=1 bias",
      "f32 nwc ic=2 oc=1 i=5 k=1024 s=256 p=384",
      "f32 ncw ic=1 oc=2 i=4 k=1024 s=256",
      "f32 nhwc ic=2 oc=3 i=5x4 k=16x16 s=8x8 p=4x4 bias",
      "f32 nchw ic=2 oc=2 i=3x3 k=64x64 s=32x32 p=16x16",
      "f32 nhwc ic=4 oc=272 i=5x9 k=3x3 s=2x2 p=1x1 o=10x18 bias",
      "f32 nhwc n=40 ic=4 oc=32 i=3x3 k=4x4 s=2x2 p=1x1",
      "f32 ndhwc ic=3 oc=6 i=4x3x5 k=5x5x5 s=3x3x3 p=2x2x2 o=10x7x13 bias",
      "f32 ncdhw ic=2 oc=4 i=3x4x5 k=3x3x3 s=2x2x2 p=1x1x1 o=6x8x10",
      "f32 nchw ic=3 oc=5 i=4x9 k=3x3 s=2x2 p=1x1 bias add mul prelu add",
      "f32 nhwc ic=2 oc=1 i=3x20 k=5x5 s=2x2 bias add mul prelu add mul add prelu mul add relu add "
      "mul",
      "f32 nchw g=4 ic=4 oc=4 i=4x9 k=4x4 s=2x2 bias add mul prelu add mul add prelu mul add relu "
      "add",
      "f32 nchw n=2 ic=17 oc=18 i=50x3 k=3x3 s=2x2 p=1x1 bias relu",
      "f32 nchw n=3 ic=3 oc=1 i=20x2 k=5x2 s=2x2 d=1x2 p=1x0 bias prelu add",
  };
  const std::uint64_t shard = std::get<1>(GetParam());
  for (std::uint64_t at = shard; at < std::size(kLines) && !HasFailure(); at += kShards) {
    if (narrow() && at % 3 != 0) continue;
    const std::string line = tools::name(type_) + std::string(kLines[at]).substr(3);
    if (type_ == tools::Type::i32 && !allowed(line)) continue;
    check(line, 2 * at, fewer(12));
    if (full_counts() || (kFewer == 1 && type_ == tools::Type::f32 && !narrow())) check(line, 2 * at + 1);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Targets, Property,
    testing::Combine(testing::Values("avx512", "avx2", "sse2", "neon128"), testing::Range(std::uint64_t{0}, kShards),
                     testing::Values(tools::Type::f32, tools::Type::f64, tools::Type::f16,
                                     tools::Type::bf16, tools::Type::i32)),
    [](const auto& which) {
      return std::string(std::get<0>(which.param)) + "_" + tools::name(std::get<2>(which.param)) +
             "_" + std::to_string(std::get<1>(which.param));
    });

}  // namespace
}  // namespace tconv::tests

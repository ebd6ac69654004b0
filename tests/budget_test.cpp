// What a compile may cost: phases and regions must be loops, never copies of code. Sizes are
// checked always; times only in optimized builds without sanitizers, because they mean nothing
// elsewhere.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "ir/verify.h"
#include "jit/backend.h"
#include "planner/planner.h"
#include "tests/support/sanitizer.h"
#include "tools/layers_csv.h"

namespace tconv {
namespace {

// This thread's time: that of other processes is not the compiler's.
double thread_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

#ifdef __OPTIMIZE__
constexpr bool kTimesCount = tests::kFewer == 1;
#else
constexpr bool kTimesCount = false;
#endif
constexpr std::size_t kMostCodeBytes = 64 << 10;

struct Compiled {
  std::string plan;
  double us = 0;  // parse, plan, lower, verify, emit
  std::size_t code_bytes = 0;
};

Compiled compile(const std::string& line, const std::string& target, int times) {
  const planner::Machine machine = planner::default_machine(target);
  Compiled best;
  for (int time = 0; time < times; ++time) {
    const double begin = thread_us();
    const planner::Problem problem = planner::parse_problem(line);
    const planner::Plan plan = planner::choose(problem, machine).plan;
    const planner::Lowered lowered = planner::lower(problem, plan, *ir::find_target(target));
    ir::verify_or_throw(lowered.program);
    std::shared_ptr<const jit::CompiledProgram> code;
    if (jit::host_supports(target)) code = jit::compile_xbyak(lowered.program);
    const double took = thread_us() - begin;
    if (time == 0 || took < best.us) best.us = took;
    best.plan = planner::print(plan);
    best.code_bytes = code ? code->code().size() : 0;
  }
  return best;
}

class Budget : public testing::TestWithParam<const char*> {};

TEST_P(Budget, StridesAndKernelsAreLoops) {
  constexpr double kMostUs = 10'000;
  for (const char* line : {
           "f32 nwc ic=513 oc=1 i=100 k=1024 s=256",
           "f32 ncw ic=513 oc=1 i=100 k=1024 s=256",
           "f32 nwc ic=64 oc=64 i=100 k=1024 s=256 p=384 bias",
           "f32 ncw ic=64 oc=64 i=100 k=1024 s=256 p=384 bias",
           "f32 nwc ic=64 oc=1 i=100 k=1024 s=256 p=384 bias tanh",
           "f32 nhwc ic=21 oc=21 i=9x9 k=64x64 s=32x32 p=16x16",
           "f32 nchw ic=21 oc=21 i=9x9 k=64x64 s=32x32 p=16x16",
           "f32 nhwc g=64 ic=64 oc=64 i=9x9 k=64x64 s=32x32 p=16x16",
           "f32 nchw ic=16 oc=1 i=9x9 k=64x64 s=32x32 p=16x16",
           "f32 ndhwc ic=16 oc=24 i=7x9x11 k=5x5x5 s=3x3x3 p=1x1x1 bias relu",
           "f32 ncdhw ic=16 oc=24 i=7x9x11 k=5x5x5 s=3x3x3 p=1x1x1 bias relu",
           "f32 ndhwc ic=16 oc=2 i=7x9x11 k=5x5x5 s=3x3x3 p=2x2x2 o=18x25x31 bias gelu",
           "f32 ncdhw ic=16 oc=2 i=7x9x11 k=5x5x5 s=3x3x3 p=2x2x2 o=18x25x31 bias gelu",
           "f32 ndhwc g=8 ic=16 oc=24 i=7x9x11 k=5x5x5 s=3x3x3 p=1x1x1",
       }) {
    const Compiled c = compile(line, GetParam(), kTimesCount ? 7 : 1);
    std::printf("%7.0f us %6zu bytes  %s %s\n", c.us, c.code_bytes, line, c.plan.c_str());
    EXPECT_LT(c.code_bytes, kMostCodeBytes) << line << " " << c.plan;
    if (kTimesCount) {
      EXPECT_LT(c.us, kMostUs) << line << " " << c.plan;
    }
  }
}

// Not only the plan that the model likes.
TEST_P(Budget, EveryProposedPlanIsShort) {
  const std::string target = GetParam();
  std::size_t most = 0, number = 0;
  for (const char* line : {"f32 nwc ic=8 oc=3 i=30 k=1024 s=256 p=384 bias",
                           "f32 nhwc ic=4 oc=3 i=5x40 k=64x64 s=32x32 p=16x16 bias tanh",
                           "f32 nchw ic=4 oc=40 i=5x6 k=64x64 s=32x32 p=16x16 selu",
                           "f32 ndhwc ic=3 oc=35 i=4x5x20 k=5x5x5 s=3x3x3 p=2x2x2 o=9x13x59 gelu",
                           "f32 nhwc g=6 ic=18 oc=30 i=9x20 k=5x5 s=2x2 p=2x2 softplus"}) {
    const planner::Problem problem = planner::parse_problem(line);
    const auto set = planner::enumerate(problem, planner::default_machine(target));
    for (const planner::Candidate& c : set.candidates) {
      if (tests::left_out(number++)) continue;
      const auto lowered = planner::lower(problem, c.plan, *ir::find_target(target));
      ASSERT_NO_THROW(ir::verify_or_throw(lowered.program)) << planner::print(c.plan);
      if (!jit::host_supports(target)) continue;
      const std::size_t bytes = jit::compile_xbyak(lowered.program)->code().size();
      most = std::max(most, bytes);
      EXPECT_LT(bytes, kMostCodeBytes) << line << " " << planner::print(c.plan);
    }
  }
  std::printf("largest: %zu bytes\n", most);
}

TEST_P(Budget, MedianOfTheLayersIsBelowAMillisecond) {
  std::vector<double> us;
  std::size_t most_bytes = 0;
  for (const char* layout : {"last", "first"})
    for (const tools::LayerRow& row : tools::read_layers(
             std::string(TCONV_SOURCE_DIR) + "/bench/layers.csv", "f32", layout, true)) {
      const Compiled c = compile(row.line, GetParam(), kTimesCount ? 3 : 1);
      us.push_back(c.us);
      most_bytes = std::max(most_bytes, c.code_bytes);
      EXPECT_LT(c.code_bytes, kMostCodeBytes) << row.name << " " << c.plan;
    }
  std::sort(us.begin(), us.end());
  const double median = us[us.size() / 2];
  std::printf("%zu layers: median %.0f us, worst %.0f us, largest code %zu bytes\n", us.size(),
              median, us.back(), most_bytes);
  if (kTimesCount) {
    EXPECT_LT(median, 1000);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Budget, testing::Values("avx512", "avx2"),
                         [](const auto& which) { return std::string(which.param); });

}  // namespace
}  // namespace tconv

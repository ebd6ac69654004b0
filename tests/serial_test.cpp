// Small problems stay on the calling thread: decided by the planner with the machine's numbers, and
// visible in the operation's description.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "planner/planner.h"
#include "tconv/inspect.hpp"
#include "tests/support/ready_operation.h"
#include "tests/support/test_pool.h"

namespace tconv::tests {
namespace {

constexpr const char* kLayer = "f32 nhwc ic=64 oc=64 i=32x32 k=4x4 s=2x2 p=1x1 bias";
constexpr const char* kTiny = "f32 nhwc ic=3 oc=8 i=4x4 k=3x3 s=2x2 bias";

int useful(const char* line, double fork_us, int threads = 4) {
  planner::Machine machine = planner::default_machine("avx512");
  machine.threads = threads;
  machine.fork_us = fork_us;
  return planner::useful_threads(planner::parse_problem(line), machine);
}

TEST(UsefulThreads, WeighTheForkAgainstWhatItSaves) {
  planner::Machine alone = planner::default_machine("avx512");
  const double one = planner::choose(planner::parse_problem(kLayer), alone).predicted_us;
  EXPECT_EQ(useful(kLayer, 0), 4);
  EXPECT_EQ(useful(kLayer, one * 0.1), 4);
  EXPECT_EQ(useful(kLayer, one * 0.8), 1) << "a fork costs more than four threads save";
  EXPECT_EQ(useful(kLayer, one * 0.6, 2), 1) << "two threads save at most half";
  EXPECT_EQ(useful(kLayer, 0, 1), 1);
  EXPECT_EQ(useful(kTiny, planner::default_machine("avx512").fork_us), 1);
}

TEST(UsefulThreads, NothingToDoNeedsOne) {
  EXPECT_EQ(useful("f32 nhwc n=0 ic=3 oc=8 i=4x4 k=3x3", 1), 1);
  EXPECT_EQ(useful("f32 nwc ic=1 oc=1 i=1 k=1", 1), 1);
}

TEST(Serial, TinyProblemsDoNotFork) {
  ReadyOperation tiny(kTiny, Options::parse("threads=2"));
  TestPool pool;
  EXPECT_EQ(tiny.run(pool.parallel_for()), tiny.run());
  EXPECT_EQ(pool.calls, 0);
  EXPECT_NE(tiny.operation().describe().find("threads=2"), std::string::npos);
  EXPECT_NE(tiny.operation().describe().find("workers=1"), std::string::npos)
      << tiny.operation().describe();
  EXPECT_EQ(inspect(tiny.operation()).threads, 2);
  EXPECT_EQ(inspect(tiny.operation()).workers, 1);
  // The plan is that of one thread.
  EXPECT_EQ(inspect(tiny.operation()).plan,
            inspect(ConvTranspose::create(kTiny, Options::parse("threads=1"))).plan);
  EXPECT_EQ(plan_report(kTiny, Options::parse("threads=2")).chosen, inspect(tiny.operation()).plan);

  ReadyOperation large("f32 nhwc ic=256 oc=64 i=32x32 k=4x4 s=2x2 p=1x1",
                       Options::parse("threads=2"));
  EXPECT_EQ(large.run(pool.parallel_for()), large.run());
  EXPECT_EQ(pool.calls, 1);
  EXPECT_EQ(large.operation().describe().find("workers="), std::string::npos);
}

TEST(Serial, TheEnvironmentSaysWhatAForkCosts) {
  const auto workers = [](const char* line, const char* fork_us) {
    setenv("TCONV_FORK_US", fork_us, 1);
    const int count = inspect(ConvTranspose::create(line, Options::parse("threads=2"))).workers;
    unsetenv("TCONV_FORK_US");
    return count;
  };
  EXPECT_EQ(workers(kTiny, "0"), 2);
  EXPECT_EQ(workers(kTiny, "10"), 1);
  EXPECT_EQ(workers(kLayer, "1e6"), 1);
  EXPECT_EQ(workers(kLayer, "0.5"), 2);
  for (const char* wrong : {"-1", "x", "1us", "nan", "inf"}) {
    setenv("TCONV_FORK_US", wrong, 1);
    try {
      ConvTranspose::create(kTiny);
      ADD_FAILURE() << wrong;
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), Status::invalid_argument);
      EXPECT_EQ(std::string(e.what()).rfind("TCONV_FORK_US=" + std::string(wrong), 0), 0U)
          << e.what();
    }
    unsetenv("TCONV_FORK_US");
  }
}

}  // namespace
}  // namespace tconv::tests

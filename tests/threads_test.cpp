// Results do not depend on the number of threads, on whose threads they are, or on which of them
// come first, although plans may. A program of its own: here every operation forks, however small.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tconv/inspect.hpp"
#include "tests/support/ready_operation.h"
#include "tests/support/test_pool.h"
#include "tools/random_problem.h"

namespace tconv::tests {
namespace {

const bool kForkAlways = setenv("TCONV_FORK_US", "0", 1) == 0;

Options options(const char* isa, int threads) {
  Options o;
  o.isa = isa;
  o.threads = threads;
  return o;
}

int forks = 0;  // runs that went through a caller's pool

void expect_equal(const std::string& line) {
  for (const char* isa : {"avx512", "avx2"}) {
    try {
      const std::vector<char> one = ReadyOperation(line, options(isa, 1)).run();
      for (int threads = 2; threads <= 8; ++threads) {
        ReadyOperation many(line, options(isa, threads));
        TestPool pool{.seed = static_cast<std::uint64_t>(threads)};
        EXPECT_EQ(one, many.run(pool.parallel_for()))
            << line << " isa=" << isa << " threads=" << threads << ", of the caller";
        forks += pool.calls > 0 ? 1 : 0;
        EXPECT_LE(pool.tasks, threads);
        if (threads == 2 || threads == 7) {
          EXPECT_EQ(one, many.run()) << line << " isa=" << isa << " threads=" << threads;
        }
      }
    } catch (const Error& e) {
      if (e.status() != Status::unsupported) throw;  // a CPU without this isa
    }
  }
}

// The model prefers another schedule, which adds in another order, when there are several threads.
TEST(Threads, PlansOfSeveralThreadsAddInTheOrderOfOne) {
  ASSERT_TRUE(kForkAlways);
  for (const char* line : {"f32 nchw n=2 ic=24 oc=12 i=5x11 k=1x3 d=1x2 p=0x2",
                           "f32 nwc g=3 ic=27 oc=21 i=157 o=2 k=4 ips=41 bias mish",
                           "f32 nwc ic=2 oc=48 i=72 k=4 s=2 d=2 p=1",
                           "f32 nwc ic=4 oc=15 i=270 o=278 k=3 d=3 softplus",
                           "f32 nwc g=4 ic=28 oc=40 i=347 k=6 s=3 p=4 filter=torch"})
    expect_equal(line);
}

TEST(Threads, RandomProblems) {
  const int problems = std::getenv("TCONV_TEST_FULL") != nullptr ? 400 : 60;
  forks = 0;
  tools::RandomProblems random(4242, {.max_multiply_adds = 2e6});
  for (int i = 0; i < problems && !testing::Test::HasFailure(); ++i) expect_equal(random.next());
  EXPECT_GT(forks, 4 * problems) << "most problems are larger than one grid point";
}

}  // namespace
}  // namespace tconv::tests

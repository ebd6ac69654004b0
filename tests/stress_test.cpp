// Eight threads create, run and drop operations at the same time, the same ones and different ones,
// through a cache that keeps throwing them out, on their own thread, on oneTBB's and on a pool of
// their own. For the thread sanitizer, and for whoever leaks or mixes up buffers.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <thread>

#include "tconv/inspect.hpp"
#include "tests/support/ready_operation.h"
#include "tests/support/test_pool.h"

namespace tconv::tests {
namespace {

const bool kForkAlways = setenv("TCONV_FORK_US", "0", 1) == 0;

struct Layer {
  std::string line;
  Options options;
  std::vector<char> expected;
};

std::vector<Layer> layers() {
  std::vector<Layer> list;
  for (const char* line : {"f32 nhwc n=1 ic=20 oc=40 i=12x11 k=4x4 s=2x2 p=1x1 bias gelu",
                           "f32 nchw n=2 ic=6 oc=3 i=9x10 k=4x4 s=2x2 p=1x1 bias tanh",
                           "f32 nhwc n=1 g=32 ic=32 oc=32 i=9x9 k=4x4 s=2x2 p=1x1",
                           "f32 nhwc n=1 ic=5 oc=6 i=7x9 k=3x3 s=2x2 bias prelu add mul",
                           "f32 nchw n=2 ic=17 oc=18 i=20x3 k=3x3 s=2x2 p=1x1 bias relu",
                           "f32 nwc n=3 ic=3 oc=4 i=33 k=5 s=3 d=2 p=1"})
    for (const char* options : {"threads=1", "threads=2", "threads=4", "threads=1 isa=avx2",
                                "threads=2 isa=avx2", "threads=2 backend=interpreter"})
      list.push_back({parse_problem(line).line, Options::parse(options), {}});
  return list;
}

TEST(Stress, CreateRunAndDropInEightThreads) {
  ASSERT_TRUE(kForkAlways);
  constexpr int kThreads = 8;
  const std::chrono::seconds length(std::getenv("TCONV_TEST_FULL") != nullptr ? 30 : 3);
  std::vector<Layer> all = layers();
  for (Layer& layer : all) layer.expected = ReadyOperation(layer.line, layer.options).run();
  const std::int64_t usual = kernel_cache_counters().limit_bytes;
  set_kernel_cache_limit(600'000);  // a few of them

  const auto end = std::chrono::steady_clock::now() + length;
  std::atomic<std::int64_t> runs{0}, forks{0};
  std::atomic<bool> right{true};
  const auto work = [&](int t) {
    std::mt19937_64 random(static_cast<std::uint64_t>(t));
    while (std::chrono::steady_clock::now() < end && right) {
      // All come for the same layer every now and then: compiled once, run by many.
      const Layer& layer = all[random() % 4 == 0 ? static_cast<std::size_t>(runs / 50) % all.size()
                                                 : random() % all.size()];
      ReadyOperation ready(layer.line, layer.options);
      for (std::uint64_t i = 0; i < 1 + random() % 3; ++i) {
        TestPool pool{.seed = random() % 100};
        const bool own = random() % 4 == 0;
        if (ready.run(own ? pool.parallel_for() : ParallelFor{}) != layer.expected) right = false;
        forks += pool.calls;
        ++runs;
      }
      if (random() % 100 == 0) kernel_cache_counters();
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(work, t);
  for (std::thread& thread : threads) thread.join();

  EXPECT_TRUE(right) << "a result changed under load";
  const KernelCacheCounters c = kernel_cache_counters();
  EXPECT_GT(c.evictions, 0);
  EXPECT_GT(c.hits, 0);
  EXPECT_GT(forks, 0);
  std::printf("%lld runs, %lld forks to own threads, %lld compiles, %lld hits, %lld evictions\n",
              static_cast<long long>(runs), static_cast<long long>(forks),
              static_cast<long long>(c.compiles), static_cast<long long>(c.hits),
              static_cast<long long>(c.evictions));
  set_kernel_cache_limit(usual);
}

}  // namespace
}  // namespace tconv::tests

// The kernel cache: one compile per key whatever happens at the same time, bounded by bytes,
// counted, usable after fork; and the key, which must change with everything that changes code.
#include "runtime/kernel_cache.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <future>
#include <limits>
#include <thread>

#include "runtime/error.h"
#include "runtime/operation.h"
#include "tools/tensor_data.h"

namespace tconv {
namespace {

using runtime::KernelCache;
using runtime::Operation;
using Held = std::shared_ptr<const Operation>;

constexpr std::int64_t kMuch = std::int64_t{1} << 40;
constexpr const char* kLine = "f32 nhwc ic=5 oc=9 i=6x7 k=4 s=2 p=1 bias relu";

Held small_operation() {
  KernelCache none(0);
  return Operation::create("f32 nwc ic=1 oc=1 i=1 k=1", {}, none);
}

// Runs in `count` threads that start together.
void in_threads(int count, const std::function<void(int)>& body) {
  std::barrier start(count);
  std::vector<std::thread> threads;
  for (int t = 0; t < count; ++t)
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      body(t);
    });
  for (std::thread& thread : threads) thread.join();
}

tools::Buffer run(const Operation& op) {
  const tools::Shape shape = tools::parse_shape(planner::print(op.problem()));
  tools::TensorData data = tools::random_data(shape, 3);
  tools::Buffer packed(op.packed_filter_bytes()), workspace(op.workspace_bytes());
  op.pack(data.filter.data(), packed.data());
  op.run(data.input.data(), packed.data(), data.bias.data(), data.output.data(), workspace.data());
  return std::move(data.output);
}

bool same(const tools::Buffer& a, const tools::Buffer& b) {
  return a.bytes() == b.bytes() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

// ---- concurrency

TEST(KernelCache, ThreadsThatAskTogetherCompileOnce) {
  constexpr int threads = 8;
  KernelCache cache(kMuch);
  const Held made = small_operation();
  std::atomic<int> compiles{0};
  in_threads(threads, [&](int t) {
    const Held got = cache.get("key", "spelling " + std::to_string(t), [&] {
      ++compiles;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      return KernelCache::Made{made, 1};
    });
    EXPECT_EQ(got, made);
  });
  EXPECT_EQ(compiles, 1);
  const KernelCacheCounters c = cache.counters();
  EXPECT_EQ(c.compiles, 1);
  EXPECT_EQ(c.hits + c.misses, threads);
  EXPECT_EQ(c.entries, 1);
}

TEST(KernelCache, OneCompilePerProblem) {
  constexpr int threads = 8, problems = 12;
  KernelCache cache(kMuch);
  std::vector<std::vector<Held>> held(threads, std::vector<Held>(problems));
  in_threads(threads, [&](int t) {
    for (int p = 0; p < problems; ++p) {
      const int problem = t % 2 == 0 ? p : (p + t) % problems;  // the same order, and others
      const std::string line = "f32 nwc ic=3 oc=4 i=" + std::to_string(problem + 1) + " k=3 s=2";
      held[t][problem] = Operation::create(line, {}, cache);
    }
  });
  for (const auto& mine : held) EXPECT_EQ(mine, held.front());
  const KernelCacheCounters c = cache.counters();
  EXPECT_EQ(c.compiles, problems);
  EXPECT_EQ(c.entries, problems);
  EXPECT_EQ(c.hits + c.misses, threads * problems);
}

TEST(KernelCache, CreateRunAndDropInASmallCache) {
  KernelCache cache(100'000);
  std::vector<std::string> lines;
  std::vector<tools::Buffer> expected;
  for (int i = 1; i <= 6; ++i) {
    lines.push_back("f32 nhwc ic=3 oc=20 i=" + std::to_string(i) + " k=3 s=2 bias");
    expected.push_back(run(*Operation::create(lines.back(), {}, cache)));
  }
  in_threads(8, [&](int t) {
    for (int i = 0; i < 30; ++i) {
      const auto which = static_cast<std::size_t>(i * (t + 1)) % lines.size();
      EXPECT_TRUE(same(run(*Operation::create(lines[which], {}, cache)), expected[which]));
    }
  });
  EXPECT_GT(cache.counters().evictions, 0);
  EXPECT_LE(cache.counters().bytes, 100'000);
}

// ---- bounds

TEST(KernelCache, LeastRecentlyUsedGoesFirst) {
  KernelCache cache(300);
  const auto add = [&](const std::string& name, std::int64_t bytes) {
    cache.get("key " + name, name, [&] { return KernelCache::Made{small_operation(), bytes}; });
  };
  for (const char* name : {"a", "b", "c"}) add(name, 100);
  EXPECT_NE(cache.find("a"), nullptr);
  add("d", 100);
  EXPECT_EQ(cache.find("b"), nullptr);
  for (const char* name : {"a", "c", "d"}) EXPECT_NE(cache.find(name), nullptr) << name;
  EXPECT_EQ(cache.counters().evictions, 1);
  EXPECT_EQ(cache.counters().bytes, 300);

  add("e", 150);  // a and c go
  EXPECT_EQ(cache.find("a"), nullptr);
  EXPECT_EQ(cache.find("c"), nullptr);
  EXPECT_EQ(cache.counters().bytes, 250);

  cache.set_limit(200);  // e stays, as it came last
  EXPECT_EQ(cache.find("d"), nullptr);
  EXPECT_NE(cache.find("e"), nullptr);
  add("too large", 201);
  EXPECT_EQ(cache.counters().entries, 0);
  EXPECT_EQ(cache.counters().bytes, 0);
  EXPECT_EQ(cache.counters().evictions, 6);
}

TEST(KernelCache, OperationsInUseSurvive) {
  KernelCache cache(kMuch);
  const Held op = Operation::create(kLine, {}, cache);
  const tools::Buffer before = run(*op);
  EXPECT_EQ(op.use_count(), 2);
  cache.set_limit(0);
  EXPECT_EQ(cache.counters().entries, 0);
  EXPECT_EQ(op.use_count(), 1);
  EXPECT_TRUE(same(run(*op), before));
  EXPECT_NE(Operation::create(kLine, {}, cache), op);  // made again, not kept
  EXPECT_EQ(cache.counters().compiles, 2);
}

TEST(KernelCache, AThousandProblemsThroughOneMebibyte) {
  const int problems = std::getenv("TCONV_TEST_FULL") != nullptr ? 1000 : 200;
  const std::int64_t usual = kernel_cache_counters().limit_bytes;
  EXPECT_EQ(usual, 64 << 20);
  set_kernel_cache_limit(1 << 20);
  const KernelCacheCounters before = kernel_cache_counters();
  const Options options = Options::parse("plan=direct(mr=1,nr=1)");  // the same on every host
  for (int i = 1; i <= problems; ++i)
    ConvTranspose::create("f32 nwc ic=3 oc=4 bias k=3 s=2 i=" + std::to_string(i), options);
  const KernelCacheCounters c = kernel_cache_counters();
  EXPECT_EQ(c.compiles - before.compiles, problems);
  EXPECT_EQ(c.entries - before.entries + c.evictions - before.evictions, problems);
  EXPECT_GT(c.evictions, before.evictions);
  EXPECT_GT(c.entries, 5);
  EXPECT_LE(c.bytes, 1 << 20);
  std::printf("%d problems: %lld hits, %lld compiles, %lld evictions, %lld entries, %lld bytes\n",
              problems, static_cast<long long>(c.hits), static_cast<long long>(c.compiles),
              static_cast<long long>(c.evictions), static_cast<long long>(c.entries),
              static_cast<long long>(c.bytes));
  EXPECT_THROW(set_kernel_cache_limit(-1), Error);
  EXPECT_EQ(kernel_cache_counters().limit_bytes, 1 << 20);
  set_kernel_cache_limit(usual);
}

// ---- what is found

TEST(KernelCache, SpellingsOfOneProblemShareTheOperation) {
  KernelCache cache(kMuch);
  const Held op = Operation::create("f32 nhwc ic=4 oc=8 i=5x5 k=4x4 s=2x2 p=1x1 bias", {}, cache);
  EXPECT_EQ(Operation::create("f32 nhwc oc=8 ic=4 bias k=4 s=2 p=1 i=5", {}, cache), op);
  Options named;
  named.plan = planner::print(op->plan());
  named.threads = 1;
  EXPECT_EQ(Operation::create("f32 nhwc n=1 ic=4 oc=8 i=5 k=4 s=2 p=1 bias", named, cache), op);
  for (int spaces = 1; spaces < 20; ++spaces)
    EXPECT_EQ(
        Operation::create("f32 nhwc" + std::string(spaces, ' ') + "ic=4 oc=8 i=5 k=4 s=2 p=1 bias",
                          {}, cache),
        op);
  EXPECT_EQ(cache.counters().compiles, 1);
  EXPECT_EQ(cache.counters().hits, 21);
  EXPECT_EQ(cache.counters().entries, 1);
}

TEST(KernelCache, TheEnvironmentIsPartOfWhatIsAsked) {
  KernelCache cache(kMuch);
  const Held op = Operation::create(kLine, {}, cache);
  ASSERT_EQ(setenv("TCONV_BACKEND", "interpreter", 1), 0);
  const Held other = Operation::create(kLine, {}, cache);
  ASSERT_EQ(unsetenv("TCONV_BACKEND"), 0);
  EXPECT_STREQ(other->backend(), "interpreter");
  EXPECT_GT(other->memory_bytes(), 0);
  EXPECT_EQ(Operation::create(kLine, {}, cache), op);
}

TEST(KernelCache, ErrorsAreNotKept) {
  KernelCache cache(kMuch);
  const auto refused = []() -> KernelCache::Made {
    throw Error(Status::unsupported, "no executable memory today");
  };
  for (int i = 0; i < 2; ++i) {
    try {
      cache.get("key", "spelling", refused);
      ADD_FAILURE() << "no error";
    } catch (const Error& e) {
      EXPECT_EQ(e.status(), Status::unsupported);
      EXPECT_STREQ(e.what(), "no executable memory today");
    }
  }
  EXPECT_EQ(cache.find("spelling"), nullptr);
  EXPECT_EQ(cache.counters().compiles, 0);
  EXPECT_THROW(cache.get("key", "s", []() -> KernelCache::Made { throw std::bad_alloc(); }), Error);

  std::atomic<int> errors{0};
  in_threads(8, [&](int) {
    try {
      cache.get("key", "spelling", [&]() -> KernelCache::Made {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return refused();
      });
    } catch (const Error&) {
      ++errors;
    }
  });
  EXPECT_EQ(errors, 8) << "those who wait get the error too";

  const Held op = small_operation();
  EXPECT_EQ(cache.get("key", "spelling", [&] { return KernelCache::Made{op, 1}; }), op);
  EXPECT_EQ(cache.counters().entries, 1);
  EXPECT_THROW(Operation::create("f32 nwc ic=0 oc=1 i=1 k=0", {}, cache), Error);
  EXPECT_EQ(cache.counters().entries, 1);
}

TEST(KernelCache, WhatIsNotToBeKeptReachesThoseWhoWait) {
  KernelCache cache(kMuch);
  const Held op = small_operation();
  EXPECT_EQ(cache.get("key", "spelling", [&] { return KernelCache::Made{op, 1, false}; }), op);
  EXPECT_EQ(cache.find("spelling"), nullptr);
  EXPECT_EQ(cache.counters().entries, 0);
  EXPECT_EQ(cache.counters().compiles, 1);
}

// ---- fork

#ifdef __SANITIZE_ADDRESS__
constexpr bool kAddressSanitizer = true;
#else
constexpr bool kAddressSanitizer = false;
#endif
// Seen in GCC 12: the child waits for ever for the sanitizer's own allocator, in its
// SizeClassAllocator64::GetFromAllocator. glibc's malloc takes its locks around a fork.
constexpr const char* kForkedAllocator =
    "the address sanitizer's allocator does not survive a fork while another thread allocates";

// In a child of its own; a child that hangs is killed by its alarm.
void expect_in_child(const std::function<bool()>& holds) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    alarm(60);
    _exit(holds() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "killed by signal " << WTERMSIG(status);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(KernelCacheFork, TheChildMakesWhatAnotherThreadWasMaking) {
  KernelCache& cache = KernelCache::process();
  const Held op = small_operation();
  std::promise<void> started, released;
  std::thread maker([&] {
    cache.get("slow", "slow spelling", [&] {
      started.set_value();
      released.get_future().wait();
      return KernelCache::Made{op, 1};
    });
  });
  started.get_future().wait();  // the waiter must not be the one that makes it
  std::thread waiter([&] {
    cache.get("slow", "slow spelling", [&] { return KernelCache::Made{op, 1}; });
  });
  expect_in_child([&] {
    return cache.get("slow", "slow spelling",
                     [&] {
                       return KernelCache::Made{op, 1};
                     }) == op &&
           cache.find("slow spelling") == op;
  });
  released.set_value();
  maker.join();
  waiter.join();
  EXPECT_EQ(cache.find("slow spelling"), op);
}

TEST(KernelCacheFork, OperationsOfSeveralThreadsRunInTheChild) {
  Options two;
  two.threads = 2;
  const char* line = "f32 nhwc ic=20 oc=40 i=32x32 k=4 s=2 p=1 bias";
  Held before = Operation::create(line, two);
  const tools::Buffer expected = run(*before);
  expect_in_child([&] {
    const Held made = Operation::create("f32 nhwc ic=20 oc=40 i=30x32 k=4 s=2 p=1", two);
    if (!same(run(*before), expected) || run(*made).bytes() == 0) return false;
    before.reset();
    KernelCache::process().set_limit(0);
    return same(run(*Operation::create(line, two)), expected);
  });
  EXPECT_TRUE(same(run(*before), expected));
}

TEST(KernelCacheFork, ChildrenWorkWhileOthersCreate) {
  if (kAddressSanitizer) GTEST_SKIP() << kForkedAllocator;
  const Held before = Operation::create(kLine, {});
  const tools::Buffer expected = run(*before);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = t; !stop; i += 4)
        Operation::create("f32 nwc ic=2 oc=2 k=2 i=" + std::to_string(i % 97 + 1), {});
    });
  for (int i = 0; i < 20; ++i)
    expect_in_child([&] {
      const Held found = Operation::create(kLine, {});
      const Held made = Operation::create("f32 nhwc ic=7 oc=3 i=4 k=3 s=2", {});
      return found == before && same(run(*found), expected) && run(*made).bytes() > 0;
    });
  stop = true;
  for (std::thread& thread : threads) thread.join();
}

// A filter with an infinity is packed for another plan, which is compiled when one comes.
TEST(KernelCacheFork, TheChildCompilesTheTwinThatAnotherThreadWasCompiling) {
  if (kAddressSanitizer) GTEST_SKIP() << kForkedAllocator;
  const std::string line = "f32 nhwc ic=64 oc=64 k=4 s=2 p=1 i=";
  for (int i = 0; i < 5; ++i) {
    const Held op = Operation::create(line + std::to_string(20 + i), {});
    std::vector<float> filter(4 * 4 * 64 * 64, 1.0F);
    filter[7] = std::numeric_limits<float>::infinity();
    const auto packed = [&] {
      std::vector<char> bytes(op->packed_filter_bytes());
      op->pack(filter.data(), bytes.data());
      return bytes;
    };
    std::vector<char> here;
    std::thread packer([&] { here = packed(); });
    std::this_thread::sleep_for(std::chrono::microseconds(100 * i));
    expect_in_child([&] { return !packed().empty(); });
    packer.join();
    EXPECT_EQ(here, packed());
  }
}

}  // namespace
}  // namespace tconv

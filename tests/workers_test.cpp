// The threads of one operation: ranges cover the work once, and calls do not wait for each other.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "runtime/parallel.h"

namespace tconv {
namespace {

using runtime::Workers;

TEST(Workers, RangesCoverTheWorkOnce) {
  for (const int count : {1, 2, 5}) {
    const Workers workers(count);
    for (const std::int64_t total : {0, 1, 2, 1000}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(total));
      std::atomic<bool> numbers_right{true};
      workers.for_ranges(total, [&](int worker, std::int64_t begin, std::int64_t end) {
        if (worker < 0 || worker >= count) numbers_right = false;
        for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      for (const auto& times : seen) EXPECT_EQ(times, 1);
      EXPECT_TRUE(numbers_right);
    }
  }
}

// More callers than an arena has slots, and each holds on until all have begun.
TEST(Workers, CallersDoNotWaitForEachOther) {
  constexpr int callers = 12;
  const Workers workers(2);
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> begun{0};
    std::vector<std::thread> threads;
    for (int c = 0; c < callers; ++c)
      threads.emplace_back([&] {
        std::atomic<bool> first{true};
        workers.for_ranges(100, [&](int, std::int64_t, std::int64_t) {
          if (first.exchange(false)) ++begun;
          const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
          while (begun < callers && std::chrono::steady_clock::now() < limit)
            std::this_thread::yield();
        });
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(begun, callers);
  }
}

}  // namespace
}  // namespace tconv

// The threads of one operation: ranges cover the work once, and calls do not wait for each other.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "runtime/parallel.h"
#include "tests/support/test_pool.h"

namespace tconv {
namespace {

using runtime::Workers;

TEST(Workers, RangesCoverTheWorkOnce) {
  for (const int count : {1, 2, 5}) {
    const Workers workers(count);
    for (const std::int64_t total : {0, 1, 2, 1000}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(total));
      std::atomic<bool> numbers_right{true};
      workers.for_ranges(total, nullptr, [&](int worker, std::int64_t begin, std::int64_t end) {
        if (worker < 0 || worker >= count) numbers_right = false;
        for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
      });
      for (const auto& times : seen) EXPECT_EQ(times, 1);
      EXPECT_TRUE(numbers_right);
    }
  }
}

TEST(Chunks, InOrderAndSmallerTowardsTheEnd) {
  for (const int workers : {1, 2, 8}) {
    runtime::Chunks chunks(1000, workers);
    std::int64_t at = 0, last = 1000, pieces = 0, begin = 0, end = 0;
    while (chunks.next(begin, end)) {
      EXPECT_EQ(begin, at);
      EXPECT_GT(end, begin);
      EXPECT_LE(end - begin, last);
      EXPECT_LE(end - begin, 1000 / workers / 2) << "no piece makes the others wait for long";
      last = end - begin, at = end, ++pieces;
    }
    EXPECT_EQ(at, 1000);
    EXPECT_EQ(last, 1);
    EXPECT_LT(pieces, 250) << "claims are not for free";
    EXPECT_FALSE(chunks.next(begin, end));
  }
}

// One point costs as much as all others together: nobody else takes its neighbours' share.
TEST(Workers, AWorkerThatIsHeldUpKeepsOnlyItsPiece) {
  const Workers workers(4);
  tests::TestPool pool;
  const ParallelFor parallel_for = pool.parallel_for();
  std::atomic<int> others{0};
  std::atomic<bool> all_others{false};
  workers.for_ranges(1000, &parallel_for, [&](int, std::int64_t begin, std::int64_t end) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    if (begin == 0) {  // until nothing is left but what this one holds
      while (others < 1000 - end && std::chrono::steady_clock::now() < limit)
        std::this_thread::yield();
      all_others = others == 1000 - end;
    } else {
      others += static_cast<int>(end - begin);
    }
  });
  EXPECT_TRUE(all_others);
}

// A pool that returns while a task is under way: the run waits for it, since the task uses the
// run's buffers, and is an error.
TEST(Workers, WaitForWhatAPoolLeftRunning) {
  struct Pool {
    std::thread left;
    std::atomic<bool> working{false}, returned{false};
  } pool;
  const ParallelFor parallel_for{
      [](void* context, std::int32_t tasks, ParallelFor::Task task, void* task_context) {
        auto& p = *static_cast<Pool*>(context);
        p.left = std::thread([=] { task(task_context, tasks - 1); });
        while (!p.working) std::this_thread::yield();
        for (std::int32_t i = 0; i + 1 < tasks; ++i) task(task_context, i);
        p.returned = true;
      },
      &pool};
  const Workers workers(3);
  std::atomic<bool> ended{false};
  try {
    workers.for_ranges(1000, &parallel_for, [&](int worker, std::int64_t, std::int64_t) {
      if (worker != 2 || pool.working.exchange(true)) return;
      while (!pool.returned) std::this_thread::yield();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      ended = true;
    });
    ADD_FAILURE() << "no error";
  } catch (const Error& e) {
    EXPECT_TRUE(ended) << "the run came back while a task was under way";
    EXPECT_NE(std::string(e.what()).find("before task 2 of 3 was done"), std::string::npos)
        << e.what();
  }
  pool.left.join();
}

// More callers than there are cores, and each holds on until all have begun.
TEST(Workers, CallersDoNotWaitForEachOther) {
  constexpr int callers = 12;
  const Workers workers(2);
  for (int round = 0; round < 3; ++round) {
    std::atomic<int> begun{0};
    std::vector<std::thread> threads;
    for (int c = 0; c < callers; ++c)
      threads.emplace_back([&] {
        std::atomic<bool> first{true};
        workers.for_ranges(100, nullptr, [&](int, std::int64_t, std::int64_t) {
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

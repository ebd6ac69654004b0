#include "tests/support/test_pool.h"

#include <xmmintrin.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

namespace tconv::tests {
namespace {

// One thread per task, joined when it goes.
class Threads {
 public:
  Threads(TestPool& pool, ParallelFor::Task task, void* context)
      : pool_(pool), task_(task), context_(context) {}
  ~Threads() {
    for (std::thread& thread : threads_) thread.join();
    if (changed_) pool_.mxcsr_kept = false;
  }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  void start(std::int32_t index) {
    threads_.emplace_back([this, index] {
      constexpr unsigned kFlags = 0x3F;  // raised exceptions
      if (pool_.mxcsr != 0) _mm_setcsr(pool_.mxcsr);
      const unsigned before = _mm_getcsr() & ~kFlags;
      task_(context_, index);
      if ((_mm_getcsr() & ~kFlags) != before) changed_ = true;
    });
  }

 private:
  TestPool& pool_;
  ParallelFor::Task task_;
  void* context_;
  std::atomic<bool> changed_{false};
  std::vector<std::thread> threads_;
};

void call(void* self, std::int32_t tasks, ParallelFor::Task task, void* context) {
  TestPool& pool = *static_cast<TestPool*>(self);
  ++pool.calls;
  pool.tasks = tasks;
  if (pool.misuse == Misuse::runs_none) return;
  if (pool.misuse == Misuse::throws_before) throw std::runtime_error("out of threads");
  std::vector<std::int32_t> order(static_cast<std::size_t>(tasks));
  std::iota(order.begin(), order.end(), 0);
  if (pool.seed > 0) std::shuffle(order.begin(), order.end(), std::mt19937_64(pool.seed));
  if (pool.misuse == Misuse::leaves_one_out) std::erase(order, tasks - 1);
  if (pool.misuse == Misuse::runs_one_too_many) order.push_back(tasks);

  Threads threads(pool, task, context);
  for (const std::int32_t index : order) {
    if (pool.misuse == Misuse::runs_one_in_two && index == 0) threads.start(index);
    threads.start(index);
    if (pool.misuse == Misuse::throws_in_the_middle) throw std::runtime_error("out of threads");
  }
  if (pool.misuse == Misuse::runs_one_twice) task(context, 0);
}

}  // namespace

ParallelFor TestPool::parallel_for() { return {&call, this}; }

}  // namespace tconv::tests

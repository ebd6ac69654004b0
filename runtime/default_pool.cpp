#include "runtime/default_pool.h"

#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>
#include <pthread.h>

#include <atomic>

namespace tconv::runtime {
namespace {

// The child of a fork has none of oneTBB's threads and never gets new ones (measured: its arenas
// are served by the caller alone), while locks of theirs may be held for ever. There the caller
// works alone, and nothing of oneTBB is touched. A child forked before the first use is like its
// parent.
std::atomic<bool> pool_started{false}, pool_lost{false};
[[maybe_unused]] const bool kForkSafe = pthread_atfork(nullptr, nullptr, [] {
                                          if (pool_started) pool_lost = true;
                                        }) == 0;

}  // namespace

const char* default_pool_name() { return "oneTBB"; }

int default_pool_threads() {
  if (pool_lost.load(std::memory_order_relaxed)) return 1;
  static const int threads = tbb::info::default_concurrency();
  return threads;
}

// The arena is that of the calling thread: callers do not wait for each other, and one that is in
// an arena of its own choice stays in it. Isolated, because a thread that waits must not pick up
// the host's tasks in the middle of a run. An arena per call costs more: 0.13 us against 0.10 us
// back to back, 9.0 us against 7.4 us after 2 ms of idleness.
void run_in_default_pool(int tasks, Fork& fork) {
  if (!pool_started.load(std::memory_order_relaxed)) pool_started = true;
  tbb::this_task_arena::isolate([tasks, &fork] {
    tbb::parallel_for(
        0, tasks, [&fork](int worker) { fork.work(worker); }, tbb::simple_partitioner{});
  });
}

}  // namespace tconv::runtime

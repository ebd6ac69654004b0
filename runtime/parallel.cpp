#include "runtime/parallel.h"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>

namespace tconv::runtime {
namespace {

using tbb::task_arena;

// The child of a fork has none of oneTBB's threads and never gets new ones (measured: its arenas
// are served by the caller alone), while locks of theirs may be held for ever. There the caller
// works alone, and nothing of oneTBB is touched. A child forked before the first arena is like its
// parent.
std::atomic<bool> pool_started{false}, pool_lost{false};
[[maybe_unused]] const bool kForkSafe = pthread_atfork(nullptr, nullptr, [] {
                                          if (pool_started) pool_lost = true;
                                        }) == 0;

}  // namespace

// Arenas of at most `count` slots, so that a slot's number can name the worker's local memory.
// oneTBB has no more threads than cores, and writes a warning to standard error when more are asked
// for. Each call gets one of its own: operations out of the kernel cache are shared, and callers
// beyond the slots of one arena would wait for each other.
class Workers::Arenas {
 public:
  explicit Arenas(int count) : slots_(std::min(count, tbb::info::default_concurrency())) {
    give(make());
  }
  ~Arenas() {
    if (pool_lost) return;
    for (auto& kept : free_) delete kept.load();
  }
  Arenas(const Arenas&) = delete;
  Arenas& operator=(const Arenas&) = delete;

  task_arena* take() {
    for (auto& kept : free_)
      if (task_arena* arena = kept.exchange(nullptr, std::memory_order_acquire)) return arena;
    return make();
  }
  void give(task_arena* arena) {
    for (auto& kept : free_) {
      task_arena* none = nullptr;
      if (kept.compare_exchange_strong(none, arena, std::memory_order_release)) return;
    }
    delete arena;
  }

 private:
  task_arena* make() const {
    pool_started = true;
    auto arena = std::make_unique<task_arena>(slots_);
    arena->initialize();
    return arena.release();
  }

  int slots_;
  std::array<std::atomic<task_arena*>, 8> free_{};
};

Workers::Workers(int count)
    : count_(count), arenas_(count > 1 && !pool_lost ? std::make_unique<Arenas>(count) : nullptr) {}
Workers::~Workers() = default;

void Workers::fork(std::int64_t total, RangeFn fn, const void* context) const {
  if (pool_lost) return fn(context, 0, 0, total);
  const auto give_back = [this](task_arena* arena) { arenas_->give(arena); };
  const std::unique_ptr<task_arena, decltype(give_back)> arena(arenas_->take(), give_back);
  arena->execute([&] {
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, total),
                      [&](const tbb::blocked_range<std::int64_t>& range) {
                        fn(context, tbb::this_task_arena::current_thread_index(), range.begin(),
                           range.end());
                      });
  });
}

}  // namespace tconv::runtime

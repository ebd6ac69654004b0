// The threads of one operation: numbered workers that claim pieces of independent work.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/chunks.h"
#include "tconv/tconv.hpp"

namespace tconv::runtime {

// Work in progress, shared by its workers. It orders their memory by itself: pools do that too, but
// oneTBB in a way that the thread sanitizer cannot see.
class Fork {
 public:
  using RangeFn = void (*)(const void* context, int worker, std::int64_t begin, std::int64_t end);
  Fork(std::int64_t total, int workers, RangeFn fn, const void* context)
      : chunks_(total, workers), fn_(fn), context_(context) {
    chunks_.publish();
  }

  // Claims until nothing is left. One thread per worker's number at a time.
  void work(int worker);
  // What the workers that ended have written is seen after it.
  int ended() const { return ended_.load(std::memory_order_acquire); }
  void give_up() { chunks_.drop_the_rest(); }

 private:
  Chunks chunks_;
  RangeFn fn_;
  const void* context_;
  std::atomic<int> ended_{0};
};

class Workers {
 public:
  explicit Workers(int count);  // at least 1

  int count() const { return count_; }

  // Calls body(worker, begin, end) on disjoint ranges that cover 0..total and returns when all are
  // done. worker is in 0..count; one worker never runs two ranges of one call at the same time.
  // Thread-safe, and calls do not wait for each other. `pool` runs the workers, or oneTBB if it is
  // null; with one worker or one unit of work neither is asked. Throws Error when `pool` breaks its
  // contract: then any part of the work may be undone, but nothing of it goes on. Without `pool`
  // the child of a fork works alone.
  template <class Body>
  void for_ranges(std::int64_t total, const ParallelFor* pool, const Body& body) const {
    if (count_ == 1 || total <= 1) {
      if (total > 0) body(0, std::int64_t{0}, total);
      return;
    }
    fork(
        total, pool,
        [](const void* context, int worker, std::int64_t begin, std::int64_t end) {
          (*static_cast<const Body*>(context))(worker, begin, end);
        },
        &body);
  }

 private:
  void fork(std::int64_t total, const ParallelFor* pool, Fork::RangeFn fn,
            const void* context) const;

  int count_;
};

}  // namespace tconv::runtime

// The grid points of one stage, handed out in order to whoever asks.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace tconv::runtime {

// Pieces shrink towards the end, so that workers finish together whatever a point costs and
// whenever a worker comes or is held up; in the middle they are long, because neighbours share
// filter panels and input rows.
class Chunks {
 public:
  Chunks(std::int64_t total, int workers) : total_(total), share_(kPerWorker * workers) {}

  // What was written before is seen by whoever claims a piece.
  void publish() { next_.store(0, std::memory_order_release); }

  // False: nothing is left. Lock-free, from any thread.
  bool next(std::int64_t& begin, std::int64_t& end) {
    begin = next_.load(std::memory_order_acquire);
    do {
      if (begin >= total_) return false;
      end = begin + std::max<std::int64_t>(1, (total_ - begin) / share_);
    } while (!next_.compare_exchange_weak(begin, end, std::memory_order_acquire));
    return true;
  }

  void drop_the_rest() { next_.store(total_, std::memory_order_relaxed); }

 private:
  // Each piece is this fraction of what a worker's share of the rest would be.
  static constexpr std::int64_t kPerWorker = 4;

  const std::int64_t total_, share_;
  alignas(64) std::atomic<std::int64_t> next_{0};  // a line of its own: everyone writes to it
};

}  // namespace tconv::runtime

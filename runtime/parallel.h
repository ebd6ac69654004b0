// The threads of one operation: numbered workers that share a range of independent work.
#pragma once

#include <cstdint>
#include <memory>

namespace tconv::runtime {

class Workers {
 public:
  explicit Workers(int count);  // at least 1
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int count() const { return count_; }

  // Calls body(worker, begin, end) on disjoint ranges that cover 0..total and returns when all are
  // done. worker is in 0..count; one worker never runs two ranges of one call at the same time.
  // Thread-safe, and calls do not wait for each other. With one worker it is a plain call, and in
  // the child of a fork the caller works alone.
  template <class Body>
  void for_ranges(std::int64_t total, const Body& body) const {
    if (count_ == 1 || total <= 1) {
      if (total > 0) body(0, std::int64_t{0}, total);
      return;
    }
    fork(
        total,
        [](const void* context, int worker, std::int64_t begin, std::int64_t end) {
          (*static_cast<const Body*>(context))(worker, begin, end);
        },
        &body);
  }

 private:
  using RangeFn = void (*)(const void* context, int worker, std::int64_t begin, std::int64_t end);
  void fork(std::int64_t total, RangeFn fn, const void* context) const;

  class Arenas;
  int count_;
  std::unique_ptr<Arenas> arenas_;  // null: one worker, or the child of a fork
};

}  // namespace tconv::runtime

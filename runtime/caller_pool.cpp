#include "runtime/caller_pool.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <exception>
#include <thread>

#include "runtime/error.h"
#include "runtime/options.h"

namespace tconv::runtime {
namespace {

// One bit per task.
class TaskSet {
 public:
  bool insert(int task) {  // false: it was in already
    const std::uint64_t old = word(task).fetch_or(bit(task));
    return (old & bit(task)) == 0;
  }
  bool has(int task) const { return (words_[at(task)].load() & bit(task)) != 0; }

 private:
  static std::size_t at(int task) { return static_cast<std::size_t>(task) / 64; }
  static std::uint64_t bit(int task) { return std::uint64_t{1} << (task % 64); }
  std::atomic<std::uint64_t>& word(int task) { return words_[at(task)]; }

  std::array<std::atomic<std::uint64_t>, (kMostThreads + 63) / 64> words_{};
};

// What the caller's pool gets as task_context. On the stack of the run: no allocation.
class Tasks {
 public:
  Tasks(int count, Fork& fork) : count_(count), fork_(fork) {}

  // The tconv_task. Nothing is thrown into the caller's threads.
  static void run(void* context, std::int32_t index) noexcept {
    static_cast<Tasks*>(context)->run(index);
  }

  // The first task that is not done, or count.
  int first_undone() const {
    int task = 0;
    while (task < count_ && done_.has(task)) ++task;
    return task;
  }

  // Nothing new is begun, and what was begun ends.
  void close() {
    closed_ = true;
    fork_.give_up();
    for (int task = 0; task < count_; ++task)
      while (begun_.has(task) && !done_.has(task)) std::this_thread::yield();
  }

  void refuse_misuse() const {
    if (const std::int64_t wrong = out_of_range_; wrong != kNone)
      refuse(fmt::format("parallel_for ran task {}; there are {}, numbered from 0", wrong, count_));
    if (const std::int64_t twice = repeated_; twice != kNone)
      refuse(fmt::format("parallel_for ran task {} of {} more than once (they are numbered from 0)",
                         twice, count_));
  }

 private:
  static constexpr std::int64_t kNone = -1 - (std::int64_t{1} << 31);  // no int32

  void run(std::int32_t index) {
    if (index < 0 || index >= count_) {
      out_of_range_ = index;
    } else if (!begun_.insert(index)) {
      repeated_ = index;
    } else {
      // Either this sees closed_, or close() sees begun_ and waits.
      if (!closed_) fork_.work(index);
      done_.insert(index);
    }
  }

  const int count_;
  Fork& fork_;
  TaskSet begun_, done_;
  std::atomic<bool> closed_{false};
  std::atomic<std::int64_t> out_of_range_{kNone}, repeated_{kNone};
};

[[noreturn]] void refuse_nested(const std::string& what) {
  std::throw_with_nested(Error(Status::invalid_argument, what));
}

}  // namespace

void run_in_caller_pool(const ParallelFor& pool, int tasks, Fork& fork) {
  Tasks all(tasks, fork);
  try {
    pool.function(pool.context, tasks, &Tasks::run, &all);
  } catch (const std::exception& e) {
    all.close();
    refuse_nested(fmt::format("parallel_for threw: {}", e.what()));
  } catch (...) {
    all.close();
    refuse_nested("parallel_for threw what is no std::exception");
  }
  const int undone = all.first_undone();
  if (undone < tasks) all.close();
  all.refuse_misuse();
  if (undone < tasks)
    refuse(
        fmt::format("parallel_for returned before task {} of {} was done (they are numbered "
                    "from 0)",
                    undone, tasks));
}

}  // namespace tconv::runtime

#include "runtime/parallel.h"

#include <stdexcept>

#include "runtime/caller_pool.h"
#include "runtime/default_pool.h"

namespace tconv::runtime {

// Here and not in the header: the sanitizer must see its atomics, and not all who call it are
// instrumented (runtime/CMakeLists.txt).
void Fork::work(int worker) {
  std::int64_t begin = 0, end = 0;
  while (chunks_.next(begin, end)) fn_(context_, worker, begin, end);
  ended_.fetch_add(1, std::memory_order_release);
}

Workers::Workers(int count) : count_(count) {}

void Workers::fork(std::int64_t total, const ParallelFor* pool, Fork::RangeFn fn,
                   const void* context) const {
  const std::int64_t most = pool == nullptr ? std::min(count_, default_pool_threads()) : count_;
  const int tasks = static_cast<int>(std::min(most, total));
  if (tasks == 1) return fn(context, 0, 0, total);
  Fork fork(total, tasks, fn, context);
  if (pool == nullptr)
    run_in_default_pool(tasks, fork);
  else
    run_in_caller_pool(*pool, tasks, fork);
  if (fork.ended() != tasks) throw std::logic_error("a pool came back before its workers ended");
}

}  // namespace tconv::runtime

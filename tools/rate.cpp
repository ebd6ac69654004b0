#include "tools/rate.h"

#include <time.h>

#include <algorithm>
#include <barrier>
#include <cmath>
#include <cstddef>
#include <thread>
#include <vector>

namespace tconv::tools {
namespace {

double now(bool alone) {
  timespec time{};
  clock_gettime(alone ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

double rate(int threads, double seconds, double work, const std::function<void(int)>& body,
            int attempts) {
  double best = 0;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    std::vector<double> rates(static_cast<std::size_t>(threads));
    std::barrier start(threads);
    const auto worker = [&](int t) {
      const bool alone = threads == 1;
      body(t);  // warm: clocks, caches, page tables
      const double before = now(alone);
      body(t);
      const double once = std::max(now(alone) - before, 1e-9);
      start.arrive_and_wait();
      // The clock is not read in between: that may take as long as the work.
      const double times = std::max(1.0, std::floor(seconds / once));
      const double begin = now(alone);
      for (double i = 0; i < times; ++i) body(t);
      rates[static_cast<std::size_t>(t)] = times * work / (now(alone) - begin);
    };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(worker, t);
    worker(0);
    for (std::thread& t : others) t.join();
    double sum = 0;
    for (double r : rates) sum += r;
    best = std::max(best, sum);
  }
  return best;
}

}  // namespace tconv::tools

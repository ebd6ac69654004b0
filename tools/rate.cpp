#include "tools/rate.h"

#include <time.h>

#include <algorithm>
#include <barrier>
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
      body(t);  // warm: clocks, caches, page tables
      start.arrive_and_wait();
      const bool alone = threads == 1;
      const double begin = now(alone);
      double done = 0, spent = 0;
      do {
        body(t);
        done += work;
        spent = now(alone) - begin;
      } while (spent < seconds);
      rates[static_cast<std::size_t>(t)] = done / spent;
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

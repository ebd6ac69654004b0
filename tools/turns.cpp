#include "tools/turns.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace tconv::tools {

double Turns::now_us() const {
  timespec now{};
  clock_gettime(alone_ ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

void Turns::take(const std::function<void()>& run, double us, bool warm) {
  if (warm || means_.empty()) run();
  if (means_.empty()) {
    const double start = now_us();
    run();
    once_us_ = std::max(now_us() - start, 0.1);
  }
  const auto repeats = std::max<std::int64_t>(1, static_cast<std::int64_t>(us / once_us_));
  const double start = now_us();
  for (std::int64_t i = 0; i < repeats; ++i) run();
  means_.push_back((now_us() - start) / static_cast<double>(repeats));
}

double Turns::median_us() const { return median(means_); }

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double geometric_mean(const std::vector<double>& values) {
  if (values.empty()) return 0;
  double sum = 0;
  for (const double v : values) sum += std::log(v);
  return std::exp(sum / static_cast<double>(values.size()));
}

}  // namespace tconv::tools

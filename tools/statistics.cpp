#include "tools/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <stdexcept>

namespace tconv::tools {
namespace {

constexpr std::size_t kExact = 40;  // values; the sums below then need microseconds

using Values = std::vector<double>;

// Twice the rank of each, so that the middle rank of ties is whole: 2 for the smallest.
std::vector<std::size_t> twice_ranks(const Values& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<std::size_t> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    while (last + 1 < order.size() && values[order[last + 1]] == values[order[first]]) ++last;
    for (std::size_t i = first; i <= last; ++i) ranks[order[i]] = first + last + 2;
    first = last + 1;
  }
  return ranks;
}

// ways[s] of the sums, and the chance to be as far from the middle as `seen` or farther.
double two_sided(const Values& ways, double seen) {
  double total = 0, mean = 0;
  for (std::size_t s = 0; s < ways.size(); ++s)
    total += ways[s], mean += ways[s] * static_cast<double>(s);
  mean /= total;
  const double distance = std::abs(seen - mean) * (1 - 1e-12);
  double far = 0;
  for (std::size_t s = 0; s < ways.size(); ++s)
    if (std::abs(static_cast<double>(s) - mean) >= distance) far += ways[s];
  return std::min(1.0, far / total);
}

// With a correction for continuity: sums move in steps of 2 when there are no ties.
double two_sided_normal(double distance, double variance) {
  if (variance <= 0) return 1;
  return std::erfc(std::max(0.0, distance - 1) / std::sqrt(2 * variance));
}

void same_sizes(const Values& a, const Values& b) {
  if (a.size() != b.size()) throw std::logic_error("pairs need two lists of the same length");
}

Values log_ratios(const Values& old_us, const Values& new_us) {
  same_sizes(old_us, new_us);
  Values logs;
  for (std::size_t i = 0; i < old_us.size(); ++i) logs.push_back(std::log(new_us[i] / old_us[i]));
  return logs;
}

// Between the values beside it where they are even.
double quantile(Values values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double at = part * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (at - static_cast<double>(below)) * (values[above] - values[below]);
}

Change judge(double ratio, double p, const Rule& rule) {
  Change change{Verdict::same, ratio, p};
  if (p > rule.p || std::max(ratio, 1 / ratio) < 1 + rule.margin) return change;
  change.verdict = ratio < 1 ? Verdict::faster : Verdict::slower;
  return change;
}

}  // namespace

double paired_p(const Values& old_us, const Values& new_us) {
  const Values logs = log_ratios(old_us, new_us);
  Values sizes;
  for (const double l : logs) sizes.push_back(std::abs(l));
  const std::vector<std::size_t> ranks = twice_ranks(sizes);
  std::vector<std::size_t> used;  // of those with a sign
  std::size_t positive = 0, all = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    if (logs[i] == 0) continue;
    used.push_back(ranks[i]);
    all += ranks[i];
    if (logs[i] > 0) positive += ranks[i];
  }
  if (used.empty()) return 1;
  if (used.size() > kExact) {
    double variance = 0;
    for (const std::size_t r : used) variance += static_cast<double>(r * r) / 4;
    return two_sided_normal(std::abs(static_cast<double>(positive) - static_cast<double>(all) / 2),
                            variance);
  }
  Values ways(all + 1, 0.0);  // each rank is on either side, as likely
  ways[0] = 1;
  for (const std::size_t r : used)
    for (std::size_t s = all; s >= r; --s) ways[s] += ways[s - r];
  return two_sided(ways, static_cast<double>(positive));
}

double unpaired_p(const Values& old_us, const Values& new_us) {
  if (old_us.empty() || new_us.empty()) return 1;
  Values both = old_us;
  both.insert(both.end(), new_us.begin(), new_us.end());
  const std::vector<std::size_t> ranks = twice_ranks(both);
  const std::size_t few = old_us.size(), total = both.size();
  std::size_t seen = 0, all = 0;
  for (std::size_t i = 0; i < total; ++i) all += ranks[i], seen += i < few ? ranks[i] : 0;
  if (total > kExact) {
    const auto n = static_cast<double>(total), m = static_cast<double>(few);
    const double mean = static_cast<double>(all) / n;
    double variance = 0;
    for (const std::size_t r : ranks) {
      const double off = static_cast<double>(r) - mean;
      variance += off * off / n;
    }
    return two_sided_normal(std::abs(static_cast<double>(seen) - m * mean),
                            variance * m * (n - m) / (n - 1));
  }
  // ways[k][s]: to choose k of the ranks so far with sum s.
  std::vector<Values> ways(few + 1, Values(all + 1, 0.0));
  ways[0][0] = 1;
  for (const std::size_t r : ranks)
    for (std::size_t k = few; k > 0; --k)
      for (std::size_t s = all; s >= r; --s) ways[k][s] += ways[k - 1][s - r];
  return two_sided(ways[few], static_cast<double>(seen));
}

double paired_ratio(const Values& old_us, const Values& new_us) {
  const Values logs = log_ratios(old_us, new_us);
  Values averages;
  for (std::size_t i = 0; i < logs.size(); ++i)
    for (std::size_t j = i; j < logs.size(); ++j) averages.push_back((logs[i] + logs[j]) / 2);
  return std::exp(quantile(std::move(averages), 0.5));
}

double unpaired_ratio(const Values& old_us, const Values& new_us) {
  Values logs;
  for (const double o : old_us)
    for (const double n : new_us) logs.push_back(std::log(n / o));
  return std::exp(quantile(std::move(logs), 0.5));
}

Change paired_change(const Values& old_us, const Values& new_us, const Rule& rule) {
  return judge(paired_ratio(old_us, new_us), paired_p(old_us, new_us), rule);
}

Change unpaired_change(const Values& old_us, const Values& new_us, const Rule& rule) {
  return judge(unpaired_ratio(old_us, new_us), unpaired_p(old_us, new_us), rule);
}

bool can_differ(std::size_t old_values, std::size_t new_values, const Rule& rule) {
  double ways = 1;
  for (std::size_t i = 1; i <= old_values; ++i)
    ways *= static_cast<double>(new_values + i) / static_cast<double>(i);
  return old_values > 0 && new_values > 0 && 2 / ways <= rule.p;
}

double spread(const Values& values) {
  const double middle = quantile(values, 0.5);
  if (values.size() < 2 || middle == 0) return 0;
  return (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / std::abs(middle);
}

double rank_correlation(const Values& a, const Values& b) {
  same_sizes(a, b);
  const std::vector<std::size_t> ra = twice_ranks(a), rb = twice_ranks(b);
  const auto mean = static_cast<double>(a.size()) + 1;  // of the doubled ranks
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(ra[i]) - mean, y = static_cast<double>(rb[i]) - mean;
    ab += x * y, aa += x * x, bb += y * y;
  }
  return aa == 0 || bb == 0 ? 0 : ab / std::sqrt(aa * bb);
}

}  // namespace tconv::tools

// The rank tests beside the definition, which counts every case, and how often they are wrong.
#include "tools/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

namespace tconv::tools {
namespace {

using Values = std::vector<double>;

double middle_rank(const Values& all, double value) {
  double below = 0, same = 0;
  for (const double v : all) below += v < value ? 1 : 0, same += v == value ? 1 : 0;
  return below + (same + 1) / 2;
}

// Every way to give the differences their signs.
double counted_paired(const Values& a, const Values& b) {
  Values sizes, ranks;
  for (std::size_t i = 0; i < a.size(); ++i) sizes.push_back(std::abs(std::log(b[i] / a[i])));
  double seen = 0, all = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    ranks.push_back(middle_rank(sizes, sizes[i]));
    all += ranks.back();
    if (b[i] > a[i]) seen += ranks.back();
  }
  double far = 0;
  const std::uint32_t cases = 1U << ranks.size();
  for (std::uint32_t signs = 0; signs < cases; ++signs) {
    double sum = 0;
    for (std::size_t i = 0; i < ranks.size(); ++i) sum += (signs >> i & 1U) != 0 ? ranks[i] : 0;
    far += std::abs(sum - all / 2) > std::abs(seen - all / 2) - 1e-9 ? 1 : 0;
  }
  return far / cases;
}

// Every way to say which of them are the old ones.
double counted_unpaired(const Values& a, const Values& b) {
  Values both = a;
  both.insert(both.end(), b.begin(), b.end());
  const auto middle = static_cast<double>(a.size() * (both.size() + 1)) / 2;
  double seen = 0, far = 0, cases = 0;
  for (const double v : a) seen += middle_rank(both, v);
  for (std::uint32_t chosen = 0; chosen < 1U << both.size(); ++chosen) {
    if (std::popcount(chosen) != static_cast<int>(a.size())) continue;
    double sum = 0;
    for (std::size_t i = 0; i < both.size(); ++i)
      sum += (chosen >> i & 1U) != 0 ? middle_rank(both, both[i]) : 0;
    far += std::abs(sum - middle) > std::abs(seen - middle) - 1e-9 ? 1 : 0;
    ++cases;
  }
  return far / cases;
}

TEST(Statistics, AreThoseOfEveryCaseCounted) {
  std::mt19937 random(3);
  const auto values = [&](std::size_t n) {
    std::uniform_int_distribution<int> few(8, 14);  // so that there are ties
    Values v;
    for (std::size_t i = 0; i < n; ++i) v.push_back(few(random));
    return v;
  };
  for (int i = 0; i < 60; ++i) {
    const Values a = values(2 + static_cast<std::size_t>(i % 8)), b = values(a.size());
    EXPECT_NEAR(paired_p(a, b), counted_paired(a, b), 1e-9) << i;
    const Values c = values(2 + static_cast<std::size_t>(i % 5));
    EXPECT_NEAR(unpaired_p(a, c), counted_unpaired(a, c), 1e-9) << i;
  }
}

TEST(Statistics, KnowHowLittleAFewValuesSay) {
  const Values low = {1, 2, 3, 4, 5, 6, 7}, high = {11, 13, 15, 17, 19, 21, 23};
  EXPECT_DOUBLE_EQ(paired_p(low, high), 2.0 / 128);
  EXPECT_DOUBLE_EQ(unpaired_p(low, high), 2.0 / 3432);
  EXPECT_DOUBLE_EQ(unpaired_p({1, 2, 3}, {4, 5, 6}), 0.1);
  for (const Values& none : {Values{}, Values{5}}) {
    EXPECT_EQ(paired_p(none, none), 1);
    EXPECT_EQ(unpaired_p(none, none), 1);
    EXPECT_EQ(paired_change(none, none, {}).verdict, Verdict::same);
  }
  EXPECT_EQ(unpaired_p({}, low), 1);
  EXPECT_EQ(unpaired_ratio({}, low), 1);
  EXPECT_EQ(paired_p(low, low), 1);
}

TEST(Statistics, AboveTheExactOnesTheApproximationIsThatOfRandomCases) {
  std::mt19937 random(4);
  for (const double shift : {0.0, 0.2, 0.5}) {
    Values a, b, both;
    std::uniform_int_distribution<int> few(90, 110);  // ties, too
    for (int k = 0; k < 45; ++k) a.push_back(few(random)), b.push_back(few(random) + 10 * shift);
    both = a;
    both.insert(both.end(), b.begin(), b.end());
    const double paired = paired_p(a, b), unpaired = unpaired_p(a, b);
    // The same statistics of 20,000 cases in which nothing differs: pairs turned round, values
    // dealt anew.
    const auto signed_ranks = [](const Values& x, const Values& y) {
      Values sizes;
      double sum = 0;
      for (std::size_t i = 0; i < x.size(); ++i) sizes.push_back(std::abs(std::log(y[i] / x[i])));
      for (std::size_t i = 0; i < x.size(); ++i)
        if (x[i] != y[i]) sum += (y[i] > x[i] ? 1 : -1) * middle_rank(sizes, sizes[i]);
      return std::abs(sum);
    };
    const auto rank_sum = [&](const Values& x) {
      double sum = 0;
      for (const double v : x) sum += middle_rank(both, v);
      return std::abs(sum - 45 * 91 / 2.0);
    };
    const double seen_paired = signed_ranks(a, b), seen_unpaired = rank_sum(a);
    double far_paired = 0, far_unpaired = 0;
    constexpr int kCases = 20000;
    for (int i = 0; i < kCases; ++i) {
      Values x = a, y = b;
      for (std::size_t k = 0; k < x.size(); ++k)
        if ((random() & 1U) != 0) std::swap(x[k], y[k]);
      far_paired += signed_ranks(x, y) >= seen_paired - 1e-9 ? 1 : 0;
      Values dealt = both;
      std::shuffle(dealt.begin(), dealt.end(), random);
      far_unpaired += rank_sum({dealt.begin(), dealt.begin() + 45}) >= seen_unpaired - 1e-9;
    }
    EXPECT_NEAR(paired, far_paired / kCases, 0.015) << shift;
    EXPECT_NEAR(unpaired, far_unpaired / kCases, 0.015) << shift;
  }
}

TEST(Statistics, SaysDifferenceOfTheSameThingNoOftenerThanTheRule) {
  std::mt19937 random(5);
  std::lognormal_distribution<double> skewed(3, 0.2);
  int paired = 0, unpaired = 0, with_margin = 0;
  for (int i = 0; i < 2000; ++i) {
    Values a, b;
    for (int k = 0; k < 9; ++k) a.push_back(skewed(random)), b.push_back(skewed(random));
    const Rule no_margin{.p = 0.05, .margin = 0};
    paired += paired_change(a, b, no_margin).verdict != Verdict::same ? 1 : 0;
    unpaired += unpaired_change(a, b, no_margin).verdict != Verdict::same ? 1 : 0;
    with_margin += unpaired_change(a, b, {.p = 0.05, .margin = 0.5}).verdict != Verdict::same;
  }
  EXPECT_LT(paired, 130);  // 100 expected at most; 130 is 3 standard deviations above
  EXPECT_LT(unpaired, 130);
  EXPECT_GT(paired, 30);  // and it is a test, not a refusal
  EXPECT_GT(unpaired, 30);
  EXPECT_LT(with_margin, unpaired);
}

TEST(Statistics, FindADifferenceInTurnsThatDriftTogether) {
  Values a, b;
  for (int i = 0; i < 9; ++i) a.push_back(100 + 20 * i), b.push_back((100 + 20 * i) * 0.95);
  const Change paired = paired_change(a, b, {});
  EXPECT_EQ(paired.verdict, Verdict::faster);
  EXPECT_NEAR(paired.ratio, 0.95, 1e-9);
  EXPECT_EQ(unpaired_change(a, b, {}).verdict, Verdict::same);  // the drift hides it
  EXPECT_EQ(paired_change(b, a, {}).verdict, Verdict::slower);
  EXPECT_EQ(paired_change(a, b, {.p = 0.01, .margin = 0.06}).verdict, Verdict::same);
}

TEST(Statistics, OneOutlierChangesNothing) {
  Values a = {100, 101, 102, 103, 104, 105, 106, 107, 108}, b;
  for (const double v : a) b.push_back(v * 1.1);
  const double ratio = unpaired_ratio(a, b);
  b[3] = 1e9;
  EXPECT_NEAR(unpaired_ratio(a, b), ratio, 0.02);
  EXPECT_NEAR(paired_ratio(a, b), 1.1, 1e-9);
  EXPECT_LT(spread(b), 0.05);
}

TEST(Statistics, SpreadAndCorrelationOfKnownValues) {
  EXPECT_DOUBLE_EQ(spread({96, 98, 100, 102, 104}), 0.02);
  EXPECT_EQ(spread({100}), 0);
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3, 4}, {10, 100, 1000, 10000}), 1);
  EXPECT_DOUBLE_EQ(rank_correlation({1, 2, 3, 4}, {4, 3, 2, 1}), -1);
  EXPECT_NEAR(rank_correlation({1, 2, 3, 4, 5}, {5, 6, 7, 8, 7}), 0.8207826816681233, 1e-12);
  EXPECT_EQ(rank_correlation({1, 1, 1}, {1, 2, 3}), 0);
}

}  // namespace
}  // namespace tconv::tools

// What a tuner tries, and what it calls faster: without a clock.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "tconv/inspect.hpp"
#include "tools/tune_budget.h"
#include "tools/tune_plans.h"
#include "tools/tuner.h"

namespace tconv::tools {
namespace {

const std::string kLine = "f32 nhwc ic=64 oc=64 i=16x16 k=4 s=2 p=1 bias relu";

std::vector<std::string> texts(const std::vector<PlanCandidate>& plans) {
  std::vector<std::string> list;
  for (const PlanCandidate& p : plans) list.push_back(p.plan);
  return list;
}

TEST(TunePlans, BeginWithTheBestOfEveryFamily) {
  TunePlans plans(kLine, {}, "");
  const auto ranked = plans.ranked();
  ASSERT_GT(ranked.size(), 20U);
  const PlanReport report = plan_report(kLine);
  EXPECT_EQ(plans.chosen().plan, report.chosen);
  EXPECT_EQ(ranked.size() + 1, report.candidates.size());
  std::set<std::string> families, seen = {plans.chosen().plan};
  bool first = true;
  for (const PlanCandidate& c : ranked) {
    EXPECT_TRUE(seen.insert(c.plan).second) << c.plan << " twice";
    const bool fresh = families.insert(family(PlanText::parse(c.plan))).second;
    EXPECT_TRUE(first || !fresh) << c.plan << " is the first of its family, but not among these";
    first = first && fresh;
  }
  EXPECT_GT(families.size(), 3U);
  EXPECT_TRUE(plans.ranked().empty()) << "every plan is given once";
}

TEST(TunePlans, AroundAPlanAreLegalOnesThatDifferInOnePlace) {
  TunePlans plans(kLine, {}, "");
  std::set<std::string> before;
  for (const std::string& p : texts(plans.ranked())) before.insert(p);
  const auto around = plans.around(plans.chosen().plan);
  ASSERT_GT(around.size(), 5U) << "the model does not rank everything that is legal";
  for (const PlanVerdict& v : judge_plans(kLine, texts(around))) EXPECT_EQ(v.reason, "") << v.plan;
  for (std::size_t i = 1; i < around.size(); ++i)
    EXPECT_LE(around[i - 1].predicted_us, around[i].predicted_us);
  for (const PlanCandidate& c : around) {
    EXPECT_FALSE(before.contains(c.plan)) << c.plan;
    EXPECT_EQ(PlanText::parse(c.plan).schedule, PlanText::parse(plans.chosen().plan).schedule);
  }
  EXPECT_TRUE(plans.around(plans.chosen().plan).empty());
}

TEST(TunePlans, OfSeveralThreadsKeepTheOrderOfOne) {
  Options two;
  two.threads = 2;
  const std::string line = "f32 nhwc n=8 ic=64 oc=64 i=64x64 k=4 s=2 p=1 bias";
  for (const char* plan : {"direct(mr=6,nr=4)", "winograd(m=3x3,mr=4,nr=4,rows=3,cols=66)"}) {
    const std::string order = judge_plans(line, {plan}).front().order;
    TunePlans plans(line, two, order);
    auto given = texts(plans.ranked());
    for (const std::string& more : texts(plans.around(plan))) given.push_back(more);
    for (const PlanVerdict& v : judge_plans(line, given, two)) EXPECT_EQ(v.order, order) << v.plan;
  }
}

TEST(TunePlans, ExactOrderIsKept) {
  Options exact;
  exact.accuracy = "exact-order";
  TunePlans plans("f32 nhwc ic=64 oc=64 i=64x64 k=4 s=2 p=1 bias", exact, "");
  auto given = texts(plans.ranked());
  for (const std::string& more : texts(plans.around(plans.chosen().plan))) given.push_back(more);
  for (const std::string& plan : given) EXPECT_FALSE(plan.starts_with("winograd")) << plan;
}

TEST(TuneBudget, CountsTurnsOrSeconds) {
  TuneBudget turns(1e9, 10);
  EXPECT_EQ(turns.left(), 1);
  for (int i = 0; i < 5; ++i) turns.turn_taken();
  EXPECT_DOUBLE_EQ(turns.left(), 0.5);
  for (int i = 0; i < 20; ++i) turns.turn_taken();
  EXPECT_EQ(turns.left(), 0);
  EXPECT_EQ(TuneBudget(1e-9, 0).left(), 0);
  EXPECT_GT(TuneBudget(1e6, 0).left(), 0.99);
}

TEST(Tuner, FastestAreSortedAndFailuresAreLast) {
  std::vector<TunedPlan> plans(4);
  plans[0].us = {3, 3, 30};
  plans[1].us = {2};
  plans[2].us = {1}, plans[2].error = "no";
  EXPECT_EQ(fastest(plans, 3), (std::vector<std::size_t>{1, 0, 2}));
}

// The rule of the last duel, on times of equal plans: log-normal noise of 1% to 20%, some rounds
// slowed down by others, drift. At most 1 in 100 may be called different; 5 would be too many.
TEST(TuneRule, EqualPlansAreSeldomCalledDifferent) {
  std::mt19937_64 random(11);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  for (const double noise : {0.01, 0.05, 0.2})
    for (const std::size_t rounds : {9U, 16U, 25U}) {
      int different = 0;
      constexpr int trials = 2000;
      for (int t = 0; t < trials; ++t) {
        std::vector<double> a, b;
        for (std::size_t r = 0; r < rounds; ++r) {
          const double level = 100 * (1 + 0.02 * static_cast<double>(r));
          const auto time = [&] {
            return level * std::exp(noise * normal(random)) * (uniform(random) < 0.1 ? 2 : 1);
          };
          a.push_back(time());
          b.push_back(time());
        }
        different += paired_change(a, b, kTuneRule).verdict != Verdict::same ? 1 : 0;
      }
      EXPECT_LE(different, trials / 50) << noise << " " << rounds;
    }
}

TEST(TuneRule, ClearDifferencesAreSeenWithTheFewestRounds) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  int seen = 0;
  for (int t = 0; t < 500; ++t) {
    std::vector<double> a, b;
    for (int r = 0; r < 9; ++r) {
      a.push_back(100 * std::exp(0.02 * normal(random)));
      b.push_back(90 * std::exp(0.02 * normal(random)));
    }
    const Change change = paired_change(a, b, kTuneRule);
    seen += change.verdict == Verdict::faster ? 1 : 0;
    EXPECT_NEAR(change.ratio, 0.9, 0.05);
  }
  EXPECT_GT(seen, 490);
}

}  // namespace
}  // namespace tconv::tools

// `tconv bench` beyond a plain list of layers: families of plans, accuracy modes.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tconv/inspect.hpp"
#include "tests/support/cli.h"
#include "tools/sweep.h"
#include "tools/turns.h"

namespace tconv {
namespace {

using nlohmann::json;
using test::bench;
using test::expect_refused;
using test::kLine;
using test::run_json;
using test::tconv_cli;

std::set<std::string> texts(const json& list) {
  std::set<std::string> found;
  for (const json& entry : list) found.insert(entry.at("plan").get<std::string>());
  return found;
}

// ---- the text of a sweep ---------------------------------------------------------------------

std::vector<std::string> plans(const std::string& sweep, const std::string& base) {
  return tools::Sweep(sweep).plans([&](const std::string& schedule) {
    tools::PlanText plan = tools::PlanText::parse(base);
    if (!schedule.empty()) plan.schedule = schedule;
    return plan;
  });
}

TEST(Sweep, TakesEveryCombinationAndKeepsWhatItDoesNotName) {
  EXPECT_EQ(plans("mr=4..6 nr=1,3", "direct(mr=9,nr=2,rows=4,strip)"),
            (std::vector<std::string>{
                "direct(rows=4,strip,mr=4,nr=1)", "direct(rows=4,strip,mr=4,nr=3)",
                "direct(rows=4,strip,mr=5,nr=1)", "direct(rows=4,strip,mr=5,nr=3)",
                "direct(rows=4,strip,mr=6,nr=1)", "direct(rows=4,strip,mr=6,nr=3)"}));
  EXPECT_EQ(plans("schedule=direct,width strip=0,1", "direct(mr=9,strip)"),
            (std::vector<std::string>{"direct(mr=9)", "direct(mr=9,strip)", "width(mr=9)",
                                      "width(mr=9,strip)"}));
  EXPECT_EQ(plans("m=3x3,1x3 r=2..3,2", "winograd(m=2x2)").size(), 4U);
  EXPECT_EQ(
      plans("merged=0..2", "direct(mr=1,merged=3)"),
      (std::vector<std::string>{"direct(mr=1)", "direct(mr=1,merged)", "direct(mr=1,merged=2)"}));
}

// The planner says which flags there are when it is given one that is none.
TEST(Sweep, KnowsEveryFlagOfAPlan) {
  std::string said;
  try {
    judge_plans(kLine, {"direct(cheese)"});
  } catch (const Error& e) {
    said = e.what();
  }
  const std::string before = "flags are ";
  ASSERT_NE(said.find(before), std::string::npos) << said;
  std::istringstream words(said.substr(said.find(before) + before.size()));
  int flags = 0;
  for (std::string word; words >> word;) {
    if (word == "and") continue;
    if (word.back() == ',') word.pop_back();
    EXPECT_EQ(plans(word + "=0,1", "direct(mr=1)"),
              (std::vector<std::string>{"direct(mr=1)", "direct(mr=1," + word + ")"}));
    ++flags;
  }
  EXPECT_GE(flags, 5);
}

// ---- bench --sweep ---------------------------------------------------------------------------

TEST(CliSweep, TimesEveryLegalPlanOnceAndListsTheOthersWithTheReason) {
  const json report = run_json(bench({"--sweep", "schedule=direct mr=3..40 nr=1,2", kLine}));
  const json& row = report.at("results").at(0);
  const json &timed = row.at("plans"), &illegal = row.at("illegal");
  // Each combination is somewhere; the model's choice may be one more.
  const std::set<std::string> all = texts(timed);
  EXPECT_EQ(all.size(), timed.size()) << "a plan twice";
  std::size_t family = illegal.size();
  for (const std::string& plan : all) family += plan.starts_with("direct(mr=") ? 1 : 0;
  EXPECT_GE(family, 76U);
  EXPECT_LE(family, 77U);
  for (const json& entry : illegal) EXPECT_NE(entry.at("reason"), "") << entry;
  EXPECT_TRUE(row.at("plans_failed").empty()) << row.at("plans_failed");
  EXPECT_EQ(row.at("left_out"), 0);
  double before = 0;
  for (const json& entry : timed) {
    EXPECT_GE(entry.at("us").get<double>(), before);
    before = entry.at("us").get<double>();
    EXPECT_GT(entry.at("predicted_us").get<double>(), 0);
    EXPECT_GT(entry.at("gflops").get<double>(), 0);
    EXPECT_GT(entry.at("pct_peak").get<double>(), 0);
  }
  // The row itself is that of the model's choice, and is told where it stands.
  const auto rank = row.at("rank").get<std::size_t>();
  ASSERT_GE(rank, 1U);
  EXPECT_EQ(timed.at(rank - 1).at("plan"), row.at("plan"));
  EXPECT_EQ(timed.at(rank - 1).at("us"), row.at("us"));
  EXPECT_EQ(timed.at(0).at("plan"), row.at("best"));
  EXPECT_DOUBLE_EQ(row.at("distance").get<double>(),
                   row.at("us").get<double>() / row.at("best_us").get<double>() - 1);
  EXPECT_NE(report.at("summary").get<std::string>().find("the model's choice"), std::string::npos);
}

TEST(CliSweep, AllIsWhatTheModelRanks) {
  const json ranked = run_json({"plan", kLine}).at("results").at(0);
  const json row = run_json(bench({"--sweep", "all", kLine})).at("results").at(0);
  EXPECT_EQ(texts(row.at("plans")), texts(ranked.at("candidates")));
  EXPECT_EQ(texts(row.at("illegal")), texts(ranked.at("rejected")));
  EXPECT_EQ(row.at("plan"), ranked.at("chosen"));
  for (const json& entry : row.at("plans")) {
    const auto& list = ranked.at("candidates");
    const auto same = std::find_if(list.begin(), list.end(),
                                   [&](const json& c) { return c.at("plan") == entry.at("plan"); });
    EXPECT_EQ(entry.at("predicted_us"), same->at("predicted_us"));
  }
}

TEST(CliSweep, TheFamilysBaseIsTheNamedPlanAndPredictionsAreThoseOfTheModel) {
  const json ranked = run_json({"plan", kLine}).at("results").at(0);
  const json row =
      run_json(bench({"--sweep", "mr=2,4", "--plan", "direct(mr=9,nr=1,rows=2,strip)", kLine}))
          .at("results")
          .at(0);
  const std::set<std::string> timed = texts(row.at("plans"));
  for (const char* plan : {"direct(mr=2,nr=1,rows=2,strip)", "direct(mr=4,nr=1,rows=2,strip)"})
    EXPECT_EQ(timed.count(plan), 1U) << plan;
  EXPECT_EQ(row.at("plan"), ranked.at("chosen")) << "a base is no choice";
}

TEST(CliSweep, TakesWholePlans) {
  const json row =
      run_json(bench({"--sweep", "direct(mr=2,nr=1) width(mr=4,nr=1) direct(mr=99,nr=9)", kLine}))
          .at("results")
          .at(0);
  const std::set<std::string> timed = texts(row.at("plans"));
  EXPECT_EQ(timed.count("direct(mr=2,nr=1)"), 1U);
  EXPECT_EQ(texts(row.at("illegal")).count("direct(mr=99,nr=9)"), 1U);
}

TEST(CliSweep, SamplesOfALargeFamilyKeepTheChoice) {
  const json row = run_json(bench({"--sweep", "all", "--plans", "5", kLine})).at("results").at(0);
  EXPECT_EQ(row.at("plans").size(), 6U);
  EXPECT_GT(row.at("left_out").get<int>(), 0);
  EXPECT_EQ(texts(row.at("plans")).count(row.at("plan").get<std::string>()), 1U);
}

TEST(CliSweep, OverLayersSaysHowOftenTheChoiceIsClose) {
  const json report =
      run_json(bench({"--sweep", "mr=1..3", kLine, "f32 nwc ic=3 oc=20 i=1..50 k=4 s=2 p=1"}));
  EXPECT_EQ(report.at("sweep").at("layers"), 2);
  EXPECT_GE(report.at("sweep").at("pct_within_15").get<double>(), 0);
  EXPECT_GE(report.at("sweep").at("geometric_mean_slower").get<double>(), 1);
  const auto table = tconv_cli(bench({"--sweep", "mr=1..3", kLine, kLine}));
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_NE(test::last_line(table.out).find("within 15% of the best legal plan"),
            std::string::npos);
}

TEST(CliSweep, BadOnesAreRefused) {
  for (const auto& [sweep, words] : std::vector<std::pair<std::string, std::string>>{
           {"mr", "'mr': FIELD=VALUES"},
           {"=4", "FIELD=VALUES"},
           {"mr=", "'mr=': an empty value"},
           {"mr=1,,2", "an empty value"},
           {"mr=7..4", "7..4 is not a range"},
           {"mr=1..x", "1..x is not a range"},
           {"mr=1..99999999999999999999", "is not a range"},
           {"mr=0..999 nr=0..999", "more than 100000 combinations"},
           {"mr=1 mr=2", "mr stands twice"},
           {"schedule=direct schedule=width", "schedule stands twice"},
           {"strip=0,2", "strip is a flag"},
           {" ", "names no field"},
           {"mr=4 direct(mr=1,nr=1)", "either fields or whole plans"},
           {"direct(mr=1,nr=1", "schedule(field=value,..) is expected"},
           {"cheese=4", "'cheese' is not known"},
           {"schedule=cheese", "'cheese' is not known"},
           {"mr=many", "mr=many"}})
    expect_refused(bench({"--sweep", sweep, kLine}), words);
  expect_refused(bench({"--sweep", "mr=1", "--check", kLine}), "--check is not for --sweep");
  expect_refused(bench({"--sweep", "mr=1", "--modes", "default", kLine}), "--modes is not for");
  expect_refused(bench({"--plans", "4", kLine}), "--plans is for --sweep");
  expect_refused(bench({"--sweep", "mr=1", "--plans", "0", kLine}), "--plans");
  expect_refused(bench({"--sweep", "mr=1", "--isa", "sse9", kLine}), "sse9");
}

// ---- bench --modes ---------------------------------------------------------------------------

TEST(CliModes, EachLayerHasARowForEachModeAndTheRatio) {
  const json report = run_json(bench({"--modes", "default,exact-order", "--check", kLine,
                                      "f32 nhwc ic=32 oc=32 i=8x8 k=4 s=2 p=1"}));
  const json& rows = report.at("results");
  ASSERT_EQ(rows.size(), 4U);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].at("accuracy"), i % 2 == 0 ? "default" : "exact-order");
    EXPECT_DOUBLE_EQ(rows[i].at("ratio").get<double>(),
                     rows[i].at("us").get<double>() / rows[i - i % 2].at("us").get<double>());
    EXPECT_TRUE(rows[i].at("ok").get<bool>());
  }
  EXPECT_FALSE(rows[3].at("plan").get<std::string>().starts_with("winograd"));
  const json& totals = report.at("totals");
  ASSERT_EQ(totals.size(), 2U);
  EXPECT_EQ(totals[1].at("accuracy"), "exact-order");
  EXPECT_EQ(totals[1].at("layers"), 2);
  EXPECT_GT(totals[1].at("geometric_mean_ratio").get<double>(), 0);
  EXPECT_GT(totals[0].at("geometric_mean_pct_peak").get<double>(), 0);
  EXPECT_GT(totals[0].at("geometric_mean_predicted").get<double>(), 0);
}

TEST(CliModes, BackendsTakeTurnsOnTheSamePlan) {
  if (TCONV_WITH_LLVM == 0) GTEST_SKIP() << "this build has no LLVM (TCONV_LLVM=OFF)";
  if (host_info().isa == "sse2") GTEST_SKIP() << "Xbyak has no code for this CPU";
  const json report = run_json(bench({"--modes", "xbyak,llvm", "--check", kLine}));
  const json& rows = report.at("results");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.at(0).at("backend"), "xbyak");
  EXPECT_EQ(rows.at(1).at("backend"), "llvm");
  EXPECT_EQ(rows.at(0).at("plan"), rows.at(1).at("plan"));
  for (const json& row : rows) EXPECT_TRUE(row.at("ok").get<bool>());
  EXPECT_GT(rows.at(1).at("ratio").get<double>(), 0);
  expect_refused(bench({"--modes", "xbyak,llvm", "--backend", "llvm", kLine}), "--backend and");
}

TEST(CliModes, BadListsAreRefused) {
  expect_refused(bench({"--modes", "fast", kLine}), "'fast' is unknown");
  expect_refused(bench({"--modes", "default,", kLine}), "'' is unknown");
  expect_refused(bench({"--modes", "default,default", kLine}), "stands twice");
  expect_refused(bench({"--modes", "default", "--accuracy", "default", kLine}), "--accuracy and");
}

// ---- bench --sizes ---------------------------------------------------------------------------

TEST(CliSizes, EachSizeHasARowBesideTheKernelMadeForIt) {
  const std::string length = "f32 nwc ic=5 oc=16 i=1..500 k=4 s=2 p=1 bias",
                    batch = "f32 nhwc n=2..70 ic=3 oc=8 i=4x5 k=3 s=2";
  const json report = run_json(bench({"--sizes", "7,30..31", length, batch}));
  const json& rows = report.at("results");
  ASSERT_EQ(rows.size(), 6U);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const json& row = rows[i];
    const int size = i % 3 == 0 ? 7 : 29 + static_cast<int>(i % 3);
    const bool by_length = i < 3;
    EXPECT_EQ(row.at(by_length ? "length" : "batch"), size);
    const auto fixed = row.at("fixed_problem").get<std::string>();
    EXPECT_NE(fixed.find((by_length ? " i=" : " n=") + std::to_string(size) + " "),
              std::string::npos)
        << fixed;
    EXPECT_EQ(row.at("fixed_plan"), plan_report(fixed, {}).candidates.front().plan);
    EXPECT_EQ(row.at("plan"),
              plan_report(row.at("problem").get<std::string>(), {}).candidates.front().plan);
    EXPECT_DOUBLE_EQ(row.at("ratio").get<double>(),
                     row.at("us").get<double>() / row.at("fixed_us").get<double>());
  }
  const json named = run_json(bench({"--sizes", "9", "--plan", "direct(mr=3,nr=1,cols=6)", length}))
                         .at("results")
                         .at(0);
  EXPECT_EQ(named.at("plan"), "direct(mr=3,nr=1,cols=6)");
  EXPECT_EQ(named.at("fixed_plan"),
            plan_report("f32 nwc ic=5 oc=16 i=9 k=4 s=2 p=1 bias", {}).candidates.front().plan);
}

TEST(CliSizes, WhatIsNoSizeIsRefused) {
  const std::string line = "f32 nwc ic=5 oc=16 i=2..50 k=4 s=2 p=1";
  expect_refused(bench({"--sizes", "1", line}), "i=2..50");
  expect_refused(bench({"--sizes", "51", line}), "i=2..50");
  expect_refused(bench({"--sizes", "7,x", line}), "'x' is no whole number");
  expect_refused(bench({"--sizes", "0", line}), "'0' is no whole number");
  expect_refused(bench({"--sizes", "7,", line}), "an empty value");
  expect_refused(bench({"--sizes", "4", kLine}), "leaves no size open");
  expect_refused(bench({"--sizes", "4", "--length", "4", line}), "--length is not for --sizes");
  expect_refused(bench({"--sizes", "4", "--sweep", "mr=1", line}), "--sweep is not for --sizes");
}

// ---- turns -----------------------------------------------------------------------------------

TEST(Turns, TakeAsManyRunsAsFitAndKeepTheMedianOfTheirMeans) {
  tools::Turns turns(true);
  EXPECT_EQ(turns.median_us(), 0);
  int runs = 0;
  for (int i = 0; i < 3; ++i) turns.take([&] { ++runs; }, 0, true);
  EXPECT_EQ(turns.count(), 3);
  EXPECT_EQ(runs, 3 + 3 + 1)
      << "a warm one and at least one each, and one to see how long it takes";
  EXPECT_GE(turns.median_us(), 0);
  EXPECT_EQ(tools::median({5, 1, 9}), 5);
  EXPECT_EQ(tools::median({}), 0);
  EXPECT_DOUBLE_EQ(tools::geometric_mean({2, 8}), 4);
  EXPECT_EQ(tools::geometric_mean({}), 0);
}

}  // namespace
}  // namespace tconv

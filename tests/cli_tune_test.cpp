// `tconv tune` and `tconv fit` as scripts use them. Which plan wins is the machine's business.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "tconv/inspect.hpp"
#include "tests/support/cli.h"
#include "tests/support/temporary_folder.h"

namespace tconv {
namespace {

using nlohmann::json;
using test::expect_refused;
using test::run_json;
using test::tconv_cli;

const std::string kLine = "f32 nhwc ic=16 oc=16 i=8x8 k=4 s=2 p=1 bias";

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(CliTune, KeepsAPlanThatCreateThenTakes) {
  test::TemporaryFolder folder;
  const std::string path = folder.file("plans");
  const json report = run_json({"tune", kLine, "--trials", "60", "--plans", path});
  ASSERT_EQ(report.at("results").size(), 1U);
  const json& row = report.at("results").at(0);
  EXPECT_EQ(test::keys(row),
            (std::set<std::string>{"name", "problem", "isa", "threads", "cold", "plan", "us",
                                   "best", "best_us", "verdict", "gain", "p", "spread", "rounds",
                                   "rank", "seconds", "turns", "plans", "plans_failed"}));
  EXPECT_GT(row.at("plans").size(), 15U);
  EXPECT_EQ(row.at("plan"), plan_report(kLine).chosen);
  EXPECT_EQ(test::keys(row.at("plans").at(0)),
            (std::set<std::string>{"plan", "workers", "us", "predicted_us", "rounds"}));
  EXPECT_EQ(test::keys(report.at("tune")),
            (std::set<std::string>{"layers", "faster", "pct_within_10", "pct_within_25",
                                   "geometric_mean_gain", "seconds", "file"}));
  const std::set<std::string> verdicts = {"faster", "slower", "no difference", "best already"};
  ASSERT_TRUE(verdicts.contains(row.at("verdict")));
  const std::string kept = row.at("verdict") == "faster" ? row.at("best") : row.at("plan");

  const PlanFile file = parse_plan_file(text_of(path), path);
  ASSERT_EQ(file.entries.size(), 1U);
  EXPECT_EQ(file.entries[0].plan, kept);
  EXPECT_EQ(file.entries[0].problem, parse_problem(kLine).line);
  EXPECT_EQ(run_json({"plan", kLine}, {{"TCONV_PLANS", path}}).at("results").at(0).at("chosen"),
            kept);
  // What is there already is not measured again.
  const json missing =
      run_json({"tune", kLine, kLine + " relu", "--trials", "20", "--plans", path, "--missing"});
  ASSERT_EQ(missing.at("results").size(), 1U);
  EXPECT_EQ(missing.at("results").at(0).at("problem"), parse_problem(kLine + " relu").line);
  EXPECT_EQ(parse_plan_file(text_of(path), path).entries.size(), 2U);
}

TEST(CliTune, ThreadsAndColdCaches) {
  test::TemporaryFolder folder;
  const std::string path = folder.file("plans");
  const json report = run_json({"tune", "f32 nhwc n=4 ic=32 oc=32 i=16x16 k=4 s=2 p=1", "--cold",
                                "--threads", "2", "--trials", "30", "--plans", path});
  EXPECT_EQ(report.at("results").at(0).at("threads"), 2);
  EXPECT_EQ(report.at("results").at(0).at("cold"), true);
  EXPECT_EQ(parse_plan_file(text_of(path), path).entries.at(0).threads, 2);
}

TEST(CliTune, APlanAgainstTheModelsChoice) {
  const json bad = run_json({"tune", kLine, "--trials", "4", "--plan", "direct(mr=1,nr=1)"});
  const json& row = bad.at("results").at(0);
  EXPECT_EQ(row.at("best"), "direct(mr=1,nr=1)");
  EXPECT_EQ(row.at("plans").size(), 2U);
  EXPECT_GE(row.at("rounds").get<int>(), 9);
  EXPECT_NE(row.at("verdict"), "faster") << "one pixel at a time";
  const json self = run_json({"tune", kLine, "--trials", "4", "--self-test", "3"});
  EXPECT_EQ(self.at("results").size(), 3U);
  for (const json& r : self.at("results")) EXPECT_EQ(r.at("plan"), r.at("best"));
}

TEST(CliTune, AnInterruptKeepsWhatIsKnown) {
  test::TemporaryFolder folder;
  const std::string path = folder.file("plans"), out = folder.file("out");
  const std::string second = kLine + " relu";
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (std::freopen(out.c_str(), "w", stdout) == nullptr) _exit(9);
    const std::string program = std::string(TCONV_BINARY_DIR) + "/tconv";
    // The first is over soon, the second would take an hour.
    execl(program.c_str(), "tconv", "tune", kLine.c_str(), second.c_str(), "--trials", "40",
          "--plans", path.c_str(), nullptr);
    _exit(9);
  }
  // As soon as the first layer stands in the file.
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < std::chrono::seconds(60)) {
    try {
      if (!parse_plan_file(text_of(path), path).entries.empty()) break;
    } catch (const Error&) {  // not there yet
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  kill(child, SIGINT);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  const std::string said = text_of(out);
  // It may have come to its end before the signal did.
  if (WEXITSTATUS(status) != 0) {
    EXPECT_EQ(WEXITSTATUS(status), 130);
    EXPECT_TRUE(test::last_line(said).starts_with("tune: 1 of 2 layer(s)")) << said;
  }
  const PlanFile file = parse_plan_file(text_of(path), path);
  EXPECT_TRUE(file.damaged.empty());
  ASSERT_GE(file.entries.size(), 1U);
  EXPECT_EQ(file.entries[0].problem, parse_problem(kLine).line);
}

TEST(CliTune, BadInputIsRefused) {
  test::TemporaryFolder folder;
  const std::string newer = folder.file("newer");
  std::ofstream(newer) << "tconv-plans 2\n";
  expect_refused({"tune", kLine, "--plans", folder.file("no/folder")}, "cannot be written");
  expect_refused({"tune", kLine, "--plans", newer}, "reads no other version");
  expect_refused({"tune", kLine, "--plan", "direct(mr=2,colour=red)"}, "colour");
  expect_refused({"tune", kLine, "--plan", "direct(mr=400,nr=1)"}, "mr=400");
  expect_refused({"tune", kLine, "--budget", "3", "--trials", "9"}, "not both");
  expect_refused({"tune", kLine, "--missing"}, "--missing is for --plans");
  expect_refused({"tune", kLine, "--budget", "soon"}, "budget");
  expect_refused({"tune"}, "");
  EXPECT_EQ(text_of(newer), "tconv-plans 2\n");
}

// Reports with times that a machine with half of the bandwidth would have: the fit finds them from
// any start, without measuring anything.
class CliFit : public testing::Test {
 protected:
  void SetUp() override {
    const MachineReport table = machine_report();
    std::vector<MachineNumber> slow = table.numbers;
    for (MachineNumber& n : slow)
      if (n.name.find("bytes_per_cycle") != std::string::npos) n.value /= 2;
    report_ = run_json({"info"});
    report_["schema"] = "tconv-tune-1";
    report_["results"] = json::array();
    for (int i = 1; i <= 15; ++i) {
      const std::string line =
          parse_problem("f32 nhwc ic=" + std::to_string(8 * i) +
                        " oc=" + std::to_string(24 * (16 - i)) + " i=" + std::to_string(4 + 3 * i) +
                        "x20 k=4 s=2 p=1 bias")
              .line;
      std::vector<std::string> plans;
      for (const PlanCandidate& c : plan_report(line).candidates)
        if (plans.size() < 20) plans.push_back(c.plan);
      const std::vector<double> us = predict_plans(line, plans, slow);
      json row = {{"name", line}, {"problem", line}, {"threads", 1}, {"isa", table.isa}};
      for (std::size_t p = 0; p < plans.size(); ++p)
        row["plans"].push_back({{"plan", plans[p]}, {"us", us[p]}});
      report_["results"].push_back(row);
    }
  }
  std::string write(const std::string& name, const json& report) {
    std::ofstream(folder_.file(name)) << report;
    return folder_.file(name);
  }
  test::TemporaryFolder folder_;
  json report_;
};

TEST_F(CliFit, WritesAMachineFileThatPlansAreMadeWith) {
  const std::string out = folder_.file("machine");
  const json fit = run_json({"fit", write("tuned", report_), "-o", out});
  EXPECT_EQ(fit.at("file"), out);
  const json &before = fit.at("unseen").at("before"), &after = fit.at("unseen").at("after");
  EXPECT_EQ(before.at("layers"), 15);
  EXPECT_GE(after.at("rank_correlation"), before.at("rank_correlation"));
  EXPECT_LE(after.at("slower"), before.at("slower"));
  bool moved = false;
  for (const json& n : fit.at("results")) moved |= n.at("before") != n.at("after");
  EXPECT_TRUE(moved);
  EXPECT_NE(text_of(out).find("# fitted to 15 layers"), std::string::npos) << text_of(out);
  EXPECT_EQ(run_json({"info"}, {{"TCONV_MACHINE", out}}).at("planner").at("source"), out);
}

TEST_F(CliFit, BadInputIsRefusedAndNothingIsWritten) {
  const std::string out = folder_.file("machine");
  const auto refused = [&](const json& report, const std::string& words) {
    expect_refused({"fit", write("r", report), "-o", out}, words);
    EXPECT_FALSE(std::filesystem::exists(out));
  };
  json other = report_;
  other["schema"] = "tconv-tune-2";
  refused(other, "schema 'tconv-tune-2': tconv-tune-1 or tconv-bench-1 is expected");
  other = report_;
  other["machine"]["l2_bytes"] = 12345;
  refused(other, "measured where l2_bytes is 12345");
  other = report_;
  other["results"].erase(other["results"].begin(), other["results"].begin() + 10);
  refused(other, "5 layer(s) with 5 plans or more");
  other = report_;
  other.erase("results");
  refused(other, "no report of tune");
  refused("text", "no report of tune");
  expect_refused({"fit", folder_.file("none")}, "cannot be read");
  expect_refused({"fit", write("r", report_), "-o", folder_.file("no/folder")},
                 "cannot be written");
}

}  // namespace
}  // namespace tconv

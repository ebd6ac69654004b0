// Plan databases on disk: several writers, what survives them, and `tconv plans`.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tconv/inspect.hpp"
#include "tests/support/cli.h"
#include "tests/support/temporary_folder.h"
#include "tools/command.h"
#include "tools/plan_file.h"

namespace tconv {
namespace {

using nlohmann::json;
using test::expect_refused;
using test::tconv_cli;
using tools::add_plans;
using tools::read_plan_file;

const std::string kLine = "f32 nhwc ic=32 oc=32 i=8x8 k=4 s=2 p=1 bias";

PlanEntry entry(const std::string& plan, const std::string& line = kLine) {
  PlanEntry e;
  e.problem = parse_problem(line).line;
  e.machine = plan_machine(host_info().isa);
  e.plan = plan;
  e.us = 3.25;
  e.version = version();
  return e;
}

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(PlanFiles, EntriesReplaceTheirLikeAndEverythingElseStays) {
  test::TemporaryFolder folder;
  const std::string path = folder.file("plans");
  EXPECT_TRUE(add_plans(path, {entry("direct(mr=3,nr=1)")}).empty());
  EXPECT_EQ(text_of(path), plan_file_text({entry("direct(mr=3,nr=1)")}));
  std::ofstream(path, std::ios::app) << "# by hand\ndamage\n";
  PlanEntry four = entry("direct(mr=4,nr=1)");
  four.threads = four.workers = 4;
  const auto damaged = add_plans(path, {entry("direct(mr=2,nr=1)"), four,
                                        entry("direct(mr=1,nr=1)")});  // of the same, the last
  ASSERT_EQ(damaged.size(), 1U);
  EXPECT_NE(damaged[0].find("line 4: "), std::string::npos) << damaged[0];
  const std::string head = plan_file_text({});
  EXPECT_EQ(text_of(path),
            head + "# by hand\ndamage\n" +
                plan_file_text({four, entry("direct(mr=1,nr=1)")}).substr(head.size()));
}

TEST(PlanFiles, ManyProcessesWriteAtOnce) {
  test::TemporaryFolder folder;
  const std::string path = folder.file("plans");
  constexpr int writers = 8, each = 12;
  std::vector<pid_t> children;
  for (int w = 0; w < writers; ++w) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      try {
        for (int i = 0; i < each; ++i)
          add_plans(path, {entry("direct(mr=2,nr=1)",
                                 "f32 nwc ic=4 oc=4 k=2 i=" + std::to_string(1 + w * each + i))});
        _exit(0);
      } catch (...) {
        _exit(1);
      }
    }
    children.push_back(child);
  }
  // Meanwhile whoever reads finds whole files.
  for (int i = 0; i < 200; ++i) {
    const std::string text = text_of(path);
    EXPECT_TRUE(parse_plan_file(text, path).damaged.empty());
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  std::set<std::string> seen;
  for (const PlanEntry& e : read_plan_file(path).entries) seen.insert(e.problem);
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(writers * each));
  // Nothing is left beside it.
  const auto files = std::filesystem::directory_iterator(folder.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(PlanFiles, ThatCannotBeWrittenOrAreOfAnotherVersionStayAsTheyAre) {
  test::TemporaryFolder folder;
  EXPECT_THROW(add_plans(folder.file("no/such/folder"), {}), tools::UsageError);
  EXPECT_THROW(add_plans(folder.path(), {}), tools::UsageError);
  EXPECT_THROW(read_plan_file(folder.file("none")), tools::UsageError);
  const std::string path = folder.file("plans");
  std::ofstream(path) << "tconv-plans 7\nwhat we do not know\n";
  EXPECT_THROW(add_plans(path, {entry("direct(mr=3,nr=1)")}), Error);
  EXPECT_EQ(text_of(path), "tconv-plans 7\nwhat we do not know\n");
}

TEST(CliPlans, ListsJudgesAndMerges) {
  test::TemporaryFolder folder;
  const std::string a = folder.file("a"), b = folder.file("b"), all = folder.file("all");
  PlanEntry foreign = entry("direct(mr=5,nr=1)");
  foreign.machine = "avx2/avx2+fma/48K/2048K/24576K";
  add_plans(a, {entry("direct(mr=3,nr=1)"), foreign});
  add_plans(b, {entry("direct(mr=400,nr=1)", kLine + " relu"), entry("direct(mr=2,nr=1)")});
  const json listed = test::run_json({"plans", a});
  ASSERT_EQ(listed.at("results").size(), 2U);
  const json& row = listed.at("results").at(0);
  EXPECT_EQ(test::keys(row),
            (std::set<std::string>{"file", "problem", "machine", "here", "accuracy", "threads",
                                   "workers", "plan", "us", "version", "reason"}));
  EXPECT_EQ(row.at("here"), true);
  EXPECT_EQ(listed.at("results").at(1).at("here"), false);

  // One of b is not legal: said with the reason, status 1, and merged all the same.
  const auto merged = tconv_cli({"plans", a, b, "-o", all, "--here"});
  EXPECT_EQ(merged.status, 1);
  EXPECT_NE(merged.out.find("NOT LEGAL: "), std::string::npos) << merged.out;
  EXPECT_NE(test::last_line(merged.out).find("1 of other machines, 1 not legal, 0 damaged"),
            std::string::npos)
      << merged.out;
  const PlanFile file = read_plan_file(all);
  ASSERT_EQ(file.entries.size(), 2U);
  EXPECT_EQ(file.entries[1].plan, "direct(mr=2,nr=1)") << "the later file counts";

  std::ofstream(a, std::ios::app) << "damage\n";
  const auto damaged = tconv_cli({"plans", a});
  EXPECT_EQ(damaged.status, 1);
  EXPECT_NE(damaged.err.find(a + ": line 4: "), std::string::npos) << damaged.err;
}

TEST(CliPlans, VerbsTakeThem) {
  test::TemporaryFolder folder;
  const std::string path = folder.file("plans");
  add_plans(path, {entry("direct(mr=3,nr=1)")});
  for (const json& report : {test::run_json({"plan", kLine, "--plans", path}),
                             test::run_json({"plan", kLine}, {{"TCONV_PLANS", path}})}) {
    const json& row = report.at("results").at(0);
    EXPECT_EQ(row.at("chosen"), "direct(mr=3,nr=1)");
    EXPECT_NE(row.at("note").get<std::string>().find("plan_from=" + path), std::string::npos);
  }
  EXPECT_NE(test::run_json({"plan", kLine, "--plans", "none"}, {{"TCONV_PLANS", path}})
                .at("results")
                .at(0)
                .at("chosen"),
            "direct(mr=3,nr=1)");
  const auto checked = tconv_cli({"check", kLine, "--plans", path, "--json"});
  EXPECT_EQ(json::parse(checked.out).at("results").at(0).at("plan"), "direct(mr=3,nr=1)");
  // Damage is told once, and does no harm.
  std::ofstream(path, std::ios::app) << "damage\n";
  const auto told = tconv_cli({"plan", kLine}, {{"TCONV_PLANS", path}});
  EXPECT_EQ(told.status, 0);
  EXPECT_NE(told.err.find("TCONV_PLANS=" + path + ": line 3: "), std::string::npos) << told.err;
  EXPECT_EQ(told.err.find("line 3"), told.err.rfind("line 3"));
}

TEST(CliPlans, BadInputIsRefused) {
  test::TemporaryFolder folder;
  const std::string none = folder.file("none"), newer = folder.file("newer");
  std::ofstream(newer) << "tconv-plans 2\n";
  expect_refused({"plans", none}, none + ": cannot be read");
  expect_refused({"plans", newer}, "reads no other version");
  expect_refused({"plan", kLine, "--plans", none}, "plans=" + none + ": there is no such file");
  expect_refused({"check", kLine}, "TCONV_PLANS=" + newer, {{"TCONV_PLANS", newer}});
  const std::string good = folder.file("good");
  add_plans(good, {});
  expect_refused({"aot", kLine, "-o", folder.file("library"), "--plans", good},
                 "no plan database is read");
  expect_refused({"plans", good, "-o", folder.file("no/folder")}, "cannot be written");
  expect_refused({"plans"}, "file");
}

}  // namespace
}  // namespace tconv

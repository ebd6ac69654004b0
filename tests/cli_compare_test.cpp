// `tconv bench --compare` on made-up results: what is a difference, what is noise, what is told.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/cli.h"
#include "tests/support/temporary_folder.h"

namespace tconv {
namespace {

using nlohmann::json;
using test::expect_refused;
using test::tconv_cli;

constexpr int kRounds = 8;

json row(const std::string& name, double us, int rounds = kRounds, int passes = 1) {
  json list = json::array();
  for (int i = 0; i < rounds * passes; ++i) list.push_back(us * (1 + 0.002 * i));
  return {{"name", name},
          {"problem", "f32 nwc ic=1 oc=1 i=4 k=2"},
          {"plan", "direct(mr=4,nr=1)"},
          {"isa", "avx2"},
          {"backend", "xbyak"},
          {"threads", 1},
          {"us", us},
          {"rounds", rounds * passes},
          {"passes", passes},
          {"rounds_us", list}};
}

json file(const std::vector<json>& rows) {
  return {{"schema", "tconv-bench-1"},
          {"machine", {{"cpu", "made up"}, {"cores", 2}, {"fma_gflops", {{"avx2", 100.0}}}}},
          {"results", rows}};
}

class CliCompare : public testing::Test {
 protected:
  std::string write(const json& content) { return write_text(content.dump()); }
  std::string write_text(const std::string& text) {
    const std::string path = folder_.file(std::to_string(++files_) + ".json");
    std::ofstream(path) << text;
    return path;
  }
  json compare(const std::string& a, const std::string& b, int status,
               std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"bench", "--json", "--compare", a, b});
    const auto finished = tconv_cli(more);
    EXPECT_EQ(finished.status, status) << finished.err << finished.out;
    json report = json::parse(finished.out);
    EXPECT_EQ(report.at("schema"), "tconv-compare-1");
    return report;
  }
  static std::string verdict(const json& report, const std::string& name) {
    for (const json& r : report.at("results"))
      if (r.at("name") == name) return r.at("verdict");
    return "missing";
  }

 private:
  test::TemporaryFolder folder_;
  int files_ = 0;
};

TEST_F(CliCompare, SaysWhatIsMoreThanNoise) {
  const auto a = write(file({row("slow", 100), row("fast", 100), row("still", 100)}));
  const auto b = write(file({row("slow", 140), row("fast", 60), row("still", 103)}));
  const json report = compare(a, b, 1);
  EXPECT_EQ(verdict(report, "slow"), "slower");
  EXPECT_EQ(verdict(report, "fast"), "faster");
  EXPECT_EQ(verdict(report, "still"), "same") << "the margin between single passes is wide";
  EXPECT_EQ(report["results"][0].at("name"), "slow") << "what needs a look comes first";
  EXPECT_NEAR(report["results"][0].at("ratio").get<double>(), 1.4, 1e-9);
  EXPECT_LE(report["results"][0].at("p").get<double>(), 0.01);
  EXPECT_EQ(report.at("rule").at("of"), "rounds");
  EXPECT_EQ(report.at("totals").at("slower"), 1);
  EXPECT_TRUE(report.at("machine_differs").empty());
  // The same file twice, and the other way round.
  EXPECT_EQ(compare(a, a, 0).at("totals").at("same"), 3);
  EXPECT_EQ(verdict(compare(b, a, 1), "fast"), "slower");
  // Noise as large as the difference.
  json noisy = row("slow", 140);
  noisy["rounds_us"] = {60, 300, 90, 250, 100, 140, 80, 200};
  EXPECT_EQ(verdict(compare(a, write(file({noisy})), 0), "slow"), "same");
}

TEST_F(CliCompare, PassesAndFilesAreTheUnitsWhereThereAreSome) {
  const auto a = write(file({row("x", 100, 4, 5)})), b = write(file({row("x", 110, 4, 5)}));
  const json passes = compare(a, b, 1);
  EXPECT_EQ(passes.at("rule").at("of"), "passes");
  EXPECT_EQ(passes["results"][0].at("old_samples"), 5);
  EXPECT_EQ(verdict(passes, "x"), "slower") << "10% of five passes is more than the margin";
  EXPECT_EQ(verdict(compare(a, b, 0, {"--margin", "15"}), "x"), "same");
  // Three passes can never be sure, whatever they say.
  EXPECT_EQ(
      verdict(compare(write(file({row("x", 1, 4, 3)})), write(file({row("x", 9, 4, 3)})), 0), "x"),
      "too few");

  std::string olds, news;
  for (int i = 0; i < 5; ++i) {
    olds += (i ? "," : "") + write(file({row("x", 100 + i)}));
    news += (i ? "," : "") + write(file({row("x", 120 + i)}));
  }
  const json files = compare(olds, news, 1);
  EXPECT_EQ(files.at("rule").at("of"), "files");
  EXPECT_EQ(files["results"][0].at("new_samples"), 5);
  EXPECT_EQ(files["results"][0].at("new_us"), 122);
  EXPECT_EQ(verdict(files, "x"), "slower");
  expect_refused({"bench", "--compare", olds, a},
                 "either one file on each side or several on both");
}

TEST_F(CliCompare, TellsWhatElseChanged) {
  json other = file({row("x", 100), row("new", 1)});
  other["results"][0]["threads"] = 2, other["results"][0]["plan"] = "width(mr=2,nr=1)";
  other["machine"]["cpu"] = "another", other["machine"]["fma_gflops"]["avx2"] = 80.0;
  const json report = compare(write(file({row("x", 100), row("old", 1)})), write(other), 0);
  EXPECT_EQ(report["totals"].at("only old"), 1);
  EXPECT_EQ(report["totals"].at("only new"), 1);
  EXPECT_EQ(verdict(report, "old"), "only old");
  for (const json& r : report["results"])
    EXPECT_EQ(
        r.value("changed", ""),
        r.at("name") == "x" ? "plan direct(mr=4,nr=1) -> width(mr=2,nr=1), threads 1 -> 2" : "");
  std::set<std::string> what;
  for (const json& change : report["machine_differs"]) what.insert(change.at("what"));
  EXPECT_EQ(what, (std::set<std::string>{"cpu", "fma_gflops of avx2"}));
  EXPECT_NE(report.at("summary").get<std::string>().find("the machines differ"), std::string::npos);
}

TEST_F(CliCompare, ALayerThatFailsNowIsWrong) {
  const json failed = {{"name", "x"}, {"problem", row("x", 1)["problem"]}, {"error", "no plan"}};
  const auto a = write(file({row("x", 100), row("y", 1)}));
  const auto b = write(file({failed, row("y", 1)}));
  const json report = compare(a, b, 1);
  EXPECT_EQ(verdict(report, "x"), "fails now");
  EXPECT_EQ(verdict(compare(b, a, 0), "x"), "works now");
  EXPECT_EQ(verdict(compare(b, b, 0), "x"), "fails");
  const auto table = tconv_cli({"bench", "--compare", a, b});
  EXPECT_EQ(table.status, 1);
  EXPECT_NE(table.out.find("no plan"), std::string::npos);
  EXPECT_TRUE(test::last_line(table.out).starts_with("compare: 1 layer(s) in both"));
}

TEST_F(CliCompare, PlansOfASweepAreComparedByTheirText) {
  const auto sweep = [](double us) {
    json r = row("x", 100);
    r["plans"] = {
        {{"plan", r["plan"]}, {"us", 100}, {"rounds_us", r["rounds_us"]}},
        {{"plan", "direct(mr=2,nr=1)"}, {"us", us}, {"rounds_us", row("", us)["rounds_us"]}}};
    return file({r});
  };
  const json report = compare(write(sweep(150)), write(sweep(250)), 1);
  ASSERT_EQ(report["results"].size(), 2U) << "the model's choice and the other plan";
  EXPECT_EQ(report["results"][0].at("plan"), "direct(mr=2,nr=1)");
  EXPECT_EQ(report["results"][0].at("verdict"), "slower");
  EXPECT_EQ(report["results"][1].at("verdict"), "same");
}

TEST_F(CliCompare, OlderFilesHaveNoRoundsAndSayNothing) {
  json older = row("x", 100);
  older.erase("rounds_us");
  const json report = compare(write(file({older})), write(file({row("x", 300)})), 0);
  EXPECT_EQ(verdict(report, "x"), "too few");
  EXPECT_EQ(report["results"][0].at("ratio"), 3);
  EXPECT_TRUE(report["results"][0].at("p").is_null());
}

TEST_F(CliCompare, BadFilesAreRefusedByName) {
  const std::string good = write(file({row("x", 100)}));
  const auto refused = [&](const std::string& bad, const std::string& words) {
    expect_refused({"bench", "--compare", good, bad}, words);
    expect_refused({"bench", "--compare", bad, good}, words);
  };
  refused("/nowhere/b.json", "/nowhere/b.json: cannot be read");
  refused(write_text("{\"schema\": \"tconv-bench-1\", "), "is not JSON, or damaged");
  refused(write_text(""), "cannot be read, or is empty");
  refused(write_text("[]"), "has no schema");
  refused(write({{"schema", "tconv-bench-9"}}), "the schema tconv-bench-9 is unknown here");
  refused(write({{"schema", "tconv-bench-1"}}), "machine: a value is needed");
  refused(write(file({row("other", 1)})), "have no layer in common");
  for (const auto& [key, value, words] : std::vector<std::tuple<std::string, json, std::string>>{
           {"us", "fast", "results[0].us: a number is needed"},
           {"us", -1, "results[0].us: a number above 0 is needed"},
           {"name", 7, "results[0].name: text is needed"},
           {"rounds_us", {1, "x"}, "results[0].rounds_us[1]: a number is needed"},
           {"threads", 1.5, "results[0].threads: a whole number"},
           {"rounds_us", 5, "results[0].rounds_us: a list is needed"}}) {
    json bad = file({row("x", 100)});
    bad["results"][0][key] = value;
    refused(write(bad), words);
  }
  expect_refused({"bench", "--compare", good}, "--compare");
  expect_refused({"bench", "--compare", good, good + ",,"}, "an empty name");
  for (const std::vector<std::string>& more :
       std::vector<std::vector<std::string>>{{test::kLine},
                                             {"--sweep", "mr=1"},
                                             {"--vary", "n=1"},
                                             {"--check"},
                                             {"--passes", "2"},
                                             {"--csv", "x.csv"}}) {
    std::vector<std::string> arguments = {"bench"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.insert(arguments.end(), {"--compare", good, good});
    expect_refused(arguments, "not for --compare");
  }
}

}  // namespace
}  // namespace tconv

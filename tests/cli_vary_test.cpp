// `tconv bench --vary`, its tables, passes and code: experiments as data.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/cli.h"
#include "tests/support/temporary_folder.h"
#include "tools/layers_csv.h"
#include "tools/vary.h"

namespace tconv {
namespace {

using nlohmann::json;
using test::bench;
using test::expect_refused;
using test::kLine;
using test::run_json;
using test::tconv_cli;

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::vector<std::string>> table(const std::string& path) {
  std::istringstream lines(read(path));
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(tools::split_csv(line));
  return rows;
}

std::size_t column(const std::vector<std::vector<std::string>>& rows, const std::string& name) {
  for (std::size_t i = 0; i < rows.at(0).size(); ++i)
    if (rows[0][i] == name) return i;
  ADD_FAILURE() << "no column " << name;
  return 0;
}

TEST(Vary, ReplacesFieldsAndAddsThoseThatAreAtTheirDefault) {
  std::vector<std::string> lines;
  for (const tools::VariedLine& v :
       tools::Vary({"ic=8,16 s=1..2", "bias=0,1"}).lines("f32 nhwc ic=4 oc=4 i=8x8 k=4x4 bias"))
    lines.push_back(v.text() + ": " + v.line);
  EXPECT_EQ(lines, (std::vector<std::string>{
                       "ic=8 s=1 bias=0: f32 nhwc s=1 ic=8 oc=4 i=8x8 k=4x4",
                       "ic=8 s=1 bias=1: f32 nhwc s=1 ic=8 oc=4 i=8x8 k=4x4 bias",
                       "ic=8 s=2 bias=0: f32 nhwc s=2 ic=8 oc=4 i=8x8 k=4x4",
                       "ic=8 s=2 bias=1: f32 nhwc s=2 ic=8 oc=4 i=8x8 k=4x4 bias",
                       "ic=16 s=1 bias=0: f32 nhwc s=1 ic=16 oc=4 i=8x8 k=4x4",
                       "ic=16 s=1 bias=1: f32 nhwc s=1 ic=16 oc=4 i=8x8 k=4x4 bias",
                       "ic=16 s=2 bias=0: f32 nhwc s=2 ic=16 oc=4 i=8x8 k=4x4",
                       "ic=16 s=2 bias=1: f32 nhwc s=2 ic=16 oc=4 i=8x8 k=4x4 bias"}));
  EXPECT_EQ(tools::Vary({"dtype=bf16 layout=nchw k=3x5"}).lines("f32 nhwc ic=1 k=4x4").at(0).line,
            "bf16 nchw ic=1 k=3x5");
}

TEST(CliVary, EachCombinationIsARowThatSaysWhatItIs) {
  const json report =
      run_json(bench({"--vary", "ic=6,12", "--vary", "oc=4..5 dtype=f32,bf16", kLine}));
  const json& rows = report.at("results");
  ASSERT_EQ(rows.size(), 8U);
  EXPECT_EQ(rows[3].at("name"), "1 ic=6 oc=5 dtype=bf16");
  EXPECT_EQ(rows[3].at("vary"), (json{{"ic", 6}, {"oc", 5}, {"dtype", "bf16"}}));
  EXPECT_EQ(rows[3].at("problem"), "bf16 nhwc ic=6 oc=5 i=5x4 k=4x4 s=2x2 p=1x1 bias relu");
  for (const json& row : rows) {
    EXPECT_EQ(row.at("rounds_us").size(), 2U);
    EXPECT_EQ(row.at("rounds"), 2);
    EXPECT_GT(row.at("bytes").get<int>(), 0);
    for (const json& us : row.at("rounds_us")) EXPECT_GT(us.get<double>(), 0);
  }
  // 6 x 5 x 4 inputs, 16 taps of 6 x 4 weights, 10 x 8 x 4 outputs, 4 of bias, 4 bytes each.
  EXPECT_EQ(rows[0].at("bytes"), 4 * (6 * 20 + 16 * 24 + 80 * 4 + 4));
}

TEST(CliVary, AppliesToTheLayersOfAFileAndToSweeps) {
  const test::TemporaryFolder folder;
  const std::string file = folder.file("sweep.csv");
  const auto finished =
      tconv_cli(bench({"--vary", "ic=6,12", "--sweep", "mr=1..2 nr=1,2", "--csv", file, kLine}));
  EXPECT_EQ(finished.status, 0) << finished.err;
  const auto rows = table(file);
  const std::size_t ic = column(rows, "vary_ic"), plan = column(rows, "plan"),
                    chosen = column(rows, "chosen"), us = column(rows, "us");
  std::set<std::string> plans, values;
  int choices = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    ASSERT_EQ(rows[i].size(), rows[0].size());
    values.insert(rows[i][ic]), plans.insert(rows[i][plan]);
    choices += rows[i][chosen] == "1" ? 1 : 0;
    EXPECT_GT(std::stod(rows[i][us]), 0);
  }
  EXPECT_EQ(values, (std::set<std::string>{"6", "12"}));
  EXPECT_GE(plans.size(), 4U);
  EXPECT_EQ(choices, 2) << "one of each problem";
}

TEST(CliVary, CombinationsThatAreNoProblemAreToldAndNoFailure) {
  const json report = run_json(bench({"--vary", "p=0,1,99", kLine}));
  EXPECT_EQ(report.at("results").size(), 2U);
  ASSERT_EQ(report.at("illegal").size(), 1U);
  EXPECT_EQ(report["illegal"][0].at("name"), "1 p=99");
  EXPECT_NE(report["illegal"][0].at("reason").get<std::string>().find("p=99"), std::string::npos);
  const auto table = tconv_cli(bench({"--vary", "p=0,99", kLine}));
  EXPECT_EQ(table.status, 0);
  EXPECT_NE(table.out.find("1 p=99"), std::string::npos) << table.out;
}

TEST(CliVary, BadOnesAreRefused) {
  for (const auto& [vary, words] : std::vector<std::pair<std::string, std::string>>{
           {"ic", "'ic': FIELD=VALUES"},
           {"mr=4", "there is no field mr; there are dtype"},
           {"relu=0", "there is no field relu"},
           {"ic=", "an empty value"},
           {"ic=4..2", "4..2 is not a range"},
           {"ic=1 ic=2", "ic stands twice"},
           {"bias=2", "bias is a flag"},
           {"n=0..999 ic=0..999", "more than 100000 combinations"},
           {" ", "names no field"},
           {"p=98,99", "no combination is a legal problem; the first: problem: o"},
           {"dtype=f33", "no combination is a legal problem"}})
    expect_refused(bench({"--vary", vary, kLine}), words);
  expect_refused(bench({"--vary", "ic=1", "--vary", "ic=2", kLine}), "ic stands twice");
  expect_refused(bench({"--vary", "ic=1"}), "no problem is given");
}

TEST(CliTables, FilesHoldWhatStandardOutputHolds) {
  const test::TemporaryFolder folder;
  const std::string csv = folder.file("a.csv"), out = folder.file("a.json");
  const json shown = run_json(bench({"--csv", csv, "-o", out, kLine, kLine}));
  EXPECT_EQ(json::parse(read(out)), shown);
  const auto rows = table(csv);
  ASSERT_EQ(rows.size(), 3U);
  for (const char* key : {"name", "problem", "plan", "isa", "backend", "gflops", "pct_peak", "cpu",
                          "core", "tconv_version", "fma_gflops", "bytes", "predicted_us"})
    EXPECT_NE(rows[1][column(rows, key)], "") << key;
  EXPECT_EQ(rows[1][column(rows, "problem")], shown["results"][0].at("problem"));
  EXPECT_EQ(rows[1][column(rows, "plan")], shown["results"][0].at("plan")) << "commas are quoted";
  EXPECT_DOUBLE_EQ(std::stod(rows[1][column(rows, "us")]), shown["results"][0].at("us"));
  std::istringstream rounds(rows[1][column(rows, "rounds_us")]);
  for (const json& us : shown["results"][0].at("rounds_us")) {
    double value = 0;
    rounds >> value;
    EXPECT_DOUBLE_EQ(value, us.get<double>());
  }
}

TEST(CliTables, PathsThatCannotBeWrittenAreRefusedBeforeAnythingRuns) {
  const test::TemporaryFolder folder;
  const std::string good = folder.file("good.csv");
  for (const char* option : {"--csv", "--output"}) {
    expect_refused(bench({option, "/nowhere/x", kLine}), "/nowhere/x: cannot be written");
    expect_refused(bench({option, folder.path().string(), kLine}), "is not a regular file");
  }
  expect_refused(bench({"--csv", good, "--output", "/nowhere/x", kLine}), "/nowhere/x");
  expect_refused(bench({"--csv", good, "--output", good, kLine}), "name the same file");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(CliPasses, ComeOneAfterTheOtherOverAllLayers) {
  const json report =
      run_json(bench({"--passes", "3", "--modes", "default,exact-order", "--check", kLine, kLine}));
  ASSERT_EQ(report.at("results").size(), 4U);
  for (const json& row : report["results"]) {
    EXPECT_EQ(row.at("passes"), 3);
    EXPECT_EQ(row.at("rounds"), 6);
    EXPECT_EQ(row.at("rounds_us").size(), 6U);
    EXPECT_TRUE(row.at("ok").get<bool>());
  }
  expect_refused(bench({"--passes", "2", "--sweep", "mr=1", kLine}), "--passes is not for --sweep");
  expect_refused(bench({"--passes", "0", kLine}), "--passes");
}

TEST(CliPasses, ALayerThatCannotBeMadeIsReportedOnce) {
  const auto finished = tconv_cli(bench({"--passes", "2", "--plan", "direct(mr=30,nr=1)", "--json",
                                         kLine, "f32 nhwc ic=64 oc=16 i=9x9 k=3 s=1"}));
  const json rows = json::parse(finished.out).at("results");
  ASSERT_EQ(rows.size(), 2U);
  const auto failed = [](const json& row) { return row.contains("error"); };
  EXPECT_EQ(finished.status, std::any_of(rows.begin(), rows.end(), failed) ? 1 : 0);
}

TEST(CliCode, RowsCarryIrAndMachineCode) {
  const json with = run_json(bench({"--code", kLine})).at("results").at(0);
  EXPECT_EQ(with.at("ir").get<std::string>(),
            run_json({"dump", "--stage", "ir", kLine}).at("results").at(0).at("text"));
  if (with.at("asm").is_null())
    EXPECT_NE(with.at("asm_missing"), "");
  else
    EXPECT_NE(with.at("asm").get<std::string>().find("ret"), std::string::npos);
  EXPECT_FALSE(run_json(bench({kLine})).at("results").at(0).contains("ir"));
  EXPECT_TRUE(run_json(bench({"--code", "--sweep", "mr=1", kLine}))["results"][0].contains("ir"));
  expect_refused(bench({"--code", kLine}), "--code goes into the JSON");
}

}  // namespace
}  // namespace tconv

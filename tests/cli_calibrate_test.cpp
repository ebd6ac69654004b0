// `tconv calibrate`, and the file it writes in the hands of the other verbs.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/cli.h"
#include "tests/support/sanitizer.h"
#include "tests/support/temporary_folder.h"

namespace tconv {
namespace {

using nlohmann::json;
using test::expect_refused;
using test::kLine;
using test::run_json;
using test::tconv_cli;

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(CliCalibrate, MeasuresWritesAndEveryVerbTakesIt) {
  test::TemporaryFolder folder;
  const std::string file = folder.file("machine.txt");
  const auto start = std::chrono::steady_clock::now();
  const json report = run_json({"calibrate", "-o", file});
  const auto took = std::chrono::steady_clock::now() - start;
  if (tests::kFewer == 1) {
    EXPECT_LT(took, std::chrono::seconds(60));
  }
  EXPECT_EQ(report.at("text"), text_of(file));
  for (const json& row : report.at("results"))
    for (const auto& [key, value] : row.items()) {
      if (value.is_number()) {
        EXPECT_GT(value.get<double>(), 0) << key;
      }
    }

  const std::string isa = report.at("results").at(0).at("isa");
  const json info = run_json({"info", "--machine", file}).at("planner");
  EXPECT_EQ(info.at("source"), file);
  EXPECT_EQ(info.at("isa"), isa);
  const double ghz = report.at("results").at(0).at("ghz");
  EXPECT_NEAR(info.at("numbers").at("ghz").get<double>(), ghz, ghz * 1e-3);
  EXPECT_TRUE(run_json({"info", "--machine", "table"})
                  .at("planner")
                  .at("source")
                  .get<std::string>()
                  .starts_with("table "));
  // The environment does as well, and an argument wins over it.
  EXPECT_EQ(run_json({"info"}, {{"TCONV_MACHINE", file}}).at("planner").at("source"), file);
  EXPECT_NE(run_json({"info", "--machine", "table"}, {{"TCONV_MACHINE", file}})
                .at("planner")
                .at("source"),
            file);
  for (const char* verb : {"plan", "check", "dump"}) {
    const auto f = tconv_cli({verb, "--machine", file, kLine});
    EXPECT_EQ(f.status, 0) << verb << f.err;
  }

  // Damage and other hosts are said, never passed over.
  const std::string whole = text_of(file);
  std::ofstream(file) << whole.substr(0, whole.size() / 2);
  expect_refused({"plan", kLine}, "TCONV_MACHINE=" + file + ": line ", {{"TCONV_MACHINE", file}});
  std::string foreign = whole;
  foreign.replace(foreign.find("host ") + 5, 5, "Alien");
  std::ofstream(file) << foreign;
  expect_refused({"check", "--machine", file, kLine}, "run tconv calibrate here");
}

TEST(CliCalibrate, BadInputIsRefused) {
  test::TemporaryFolder folder;
  expect_refused({"plan", "--machine", folder.file("none"), kLine}, "there is no such file");
  expect_refused({"bench", "--machine", folder.path(), kLine}, "there is no such file");
  expect_refused({"calibrate", kLine}, "not expected");
  expect_refused({"calibrate", "--threads", "2"}, "not expected");
  expect_refused({"calibrate", "-o"}, "-o");
}

TEST(CliCalibrate, AFolderThatDoesNotExistIsNamed) {
  test::TemporaryFolder folder;
  const auto f = tconv_cli({"calibrate", "--json", "-o", folder.file("none") + "/m"});
  EXPECT_EQ(f.status, 2);
  EXPECT_NE(f.err.find(folder.file("none")), std::string::npos) << f.err;
}

}  // namespace
}  // namespace tconv

// `tconv report`: what goes into the page, and what is refused. The page itself is looked at in a
// browser by tests/report_browser.py.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/cli.h"
#include "tests/support/temporary_folder.h"
#include "tools/report_texts.h"

namespace tconv {
namespace {

using nlohmann::json;
using test::expect_refused;
using test::tconv_cli;

const std::string kData = std::string(TCONV_SOURCE_DIR) + "/tests/data/report/";

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

class CliReport : public testing::Test {
 protected:
  std::string page(const std::vector<std::string>& files, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"report", "-o", file("page.html")});
    more.insert(more.end(), files.begin(), files.end());
    const auto finished = tconv_cli(more);
    EXPECT_EQ(finished.status, 0) << finished.err;
    said_ = finished;
    return read(file("page.html"));
  }
  // What the script of the page reads.
  static json data(const std::string& page) {
    const std::string mark = "<script type=\"application/json\" id=\"data\">";
    const std::size_t from = page.find(mark) + mark.size();
    return json::parse(page.substr(from, page.find("</script>", from) - from));
  }
  std::string file(const std::string& name) const { return folder_.file(name); }
  std::size_t files_there() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      ++count;
    return count;
  }

  test::Finished said_;

 private:
  test::TemporaryFolder folder_;
};

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST_F(CliReport, ThePageHoldsAllAndLoadsNothing) {
  const std::string html = page(
      {kData + "bench.json", kData + "modes.json", kData + "peers.json", kData + "calibrate.json"});
  EXPECT_TRUE(html.starts_with("<!doctype html>"));
  EXPECT_TRUE(html.ends_with("</html>\n"));
  EXPECT_NE(html.find("default-src 'none'"), std::string::npos) << "the browser refuses requests";
  for (const char* part : {"href=\"http", "@import", "url(", "fetch(", "XMLHttpRequest"})
    EXPECT_EQ(html.find(part), std::string::npos) << part;
  EXPECT_EQ(occurrences(html, "src="), occurrences(html, "img src=x")) << "only a layer's name";
  const json shown = data(html);
  ASSERT_EQ(shown.at("runs").size(), 2U);
  EXPECT_EQ(shown["runs"][0].at("file"), "bench.json") << "no folders";
  EXPECT_EQ(html.find(kData), std::string::npos);
  const json given = json::parse(read(kData + "bench.json"));
  const json &rows = shown["runs"][0].at("rows"), &results = given.at("results");
  ASSERT_EQ(rows.size(), results.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].at("name"), results[i].at("name"));
    if (!results[i].contains("us")) continue;
    for (const char* key : {"us", "gflops", "executed_gflops", "predicted_us", "bytes", "plan_us",
                            "verify_us", "emit_us"})
      EXPECT_EQ(rows[i].at(key), results[i].at(key)) << key;
    EXPECT_EQ(shown["texts"][rows[i].at("ir").get<std::size_t>()], results[i].at("ir"));
  }
  // Roofs are those of the run; L1 is of calibrate, for the same CPU, ISA and one thread only.
  const json& roofs = shown["runs"][0]["machine"].at("roofs");
  ASSERT_EQ(roofs.size(), 4U);
  EXPECT_EQ(roofs[0].at("level"), "L1");
  EXPECT_EQ(roofs[0].at("gbs"), 402.5);
  EXPECT_EQ(roofs[1].at("gbs"), given["machine"].at("l2_read_gbs"));
  EXPECT_EQ(shown["runs"][1]["machine"].at("roofs").size(), 3U);
  // Sizes of older files are worked out: 64 x 100 inputs, 16 taps, 64 x 16 x 512 outputs, bias.
  EXPECT_EQ(shown["runs"][1]["rows"][0].at("name"), "dcgan_torch_g0");
  EXPECT_EQ(shown["runs"][1]["rows"][0].at("bytes"),
            4 * (64 * 100 + 16 * 100 * 512 + 64 * 16 * 512 + 512));
  EXPECT_EQ(shown["peers"][0]["rows"][0]["engines"]["openvino"].at("error"), "refuses <this>");
  EXPECT_TRUE(test::last_line(said_.out).starts_with("report: ")) << said_.out;
}

TEST_F(CliReport, NamesAreTextWhereverTheyStand) {
  const std::string html = page({kData + "bench.json"});
  // The page's own three: no name opens or closes one.
  EXPECT_EQ(occurrences(html, "<script"), 2U);
  EXPECT_EQ(occurrences(html, "</script>"), 2U);
  EXPECT_EQ(html.find("<img"), std::string::npos);
  bool found = false;
  const json shown = data(html);
  for (const json& row : shown["runs"][0]["rows"])
    found |= row.at("name").get<std::string>().starts_with("</script><script>window.hacked=1");
  EXPECT_TRUE(found) << "and it is there as it was";
}

TEST_F(CliReport, CodeIsCutToWhatFitsAndSaysSo) {
  json bench = json::parse(read(kData + "bench.json"));
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "  line " + std::to_string(i) + "\n";
  bench["results"][0]["asm"] = text;
  write(file("big.json"), bench.dump());
  const json shown = data(page({file("big.json")}, {"--code-mb", "0.02"}));
  std::size_t all = 0;
  for (const json& t : shown.at("texts")) all += t.get<std::string>().size();
  EXPECT_LE(all, 20000 + 100U);
  const auto cut =
      shown["texts"][shown["runs"][0]["rows"][0].at("asm").get<std::size_t>()].get<std::string>();
  EXPECT_TRUE(cut.starts_with("  line 0\n  line 1\n"));
  EXPECT_NE(cut.find(" more line(s): tconv dump"), std::string::npos);
  EXPECT_EQ(shown["texts"][shown["runs"][0]["rows"][0].at("ir").get<std::size_t>()],
            bench["results"][0]["ir"])
      << "short texts stay whole";
  EXPECT_NE(said_.out.find("1 text(s) of code are not whole"), std::string::npos) << said_.out;
}

TEST(ReportTexts, KeepsEachOnceAndCutsTheLongest) {
  tools::ReportTexts texts;
  EXPECT_EQ(texts.add("a\n"), 0U);
  EXPECT_EQ(texts.add("b\nb\nb\nb\nb\n"), 1U);
  EXPECT_EQ(texts.add("a\n"), 0U);
  EXPECT_EQ(texts.fit(12), 0U);
  EXPECT_EQ(texts.fit(7), 1U);
  EXPECT_EQ(texts.list()[0], "a\n");
  EXPECT_TRUE(texts.list()[1].starts_with("b\nb\n... 3 more")) << texts.list()[1];
  EXPECT_EQ(texts.fit(0), 2U);
}

TEST_F(CliReport, WhatIsThereIsReplacedWhole) {
  write(file("page.html"), "old");
  EXPECT_NE(page({kData + "peers.json"}).find("<!doctype html>"), std::string::npos);
  EXPECT_EQ(files_there(), 1U) << "nothing beside it";
  const std::string before = read(file("page.html"));
  write(file("bad.json"), "{\"schema\": ");
  expect_refused({"report", file("bad.json"), "-o", file("page.html")}, "is not JSON, or damaged");
  EXPECT_EQ(read(file("page.html")), before);
}

TEST_F(CliReport, BadInputIsRefusedAndNothingWritten) {
  const std::string out = file("page.html"), bad = file("bad.json");
  const auto refused = [&](const json& content, const std::string& words) {
    write(bad, content.dump());
    expect_refused({"report", kData + "bench.json", bad, "-o", out}, words);
    EXPECT_FALSE(std::filesystem::exists(out));
  };
  refused({{"schema", "tconv-plan-1"}},
          "the schema tconv-plan-1 is unknown here; tconv-bench-1, tconv-peers-1, "
          "tconv-calibrate-1 can be read");
  refused({{"schema", 3}}, "has no schema");
  refused(json::array(), "has no schema");
  const json bench = json::parse(read(kData + "bench.json")),
             peers = json::parse(read(kData + "peers.json"));
  const auto with = [](json base, const std::string& pointer, const json& value) {
    base[json::json_pointer(pointer)] = value;
    return base;
  };
  refused(with(bench, "/results", 4), "results: a list is needed");
  refused(with(bench, "/results", json::array()), "at least one layer");
  refused(with(bench, "/machine", 4), "an object is needed");
  refused(with(bench, "/results/2/us", "x"), "results[2].us: a number is needed");
  refused(with(bench, "/results/2/us", 0), "results[2].us: a number above 0");
  refused(with(bench, "/results/2/gflops", "x"), "results[2].gflops: a number");
  refused(with(bench, "/results/2/ir", 5), "results[2].ir: text is needed");
  refused(with(bench, "/results/2/plans", {{{"plan", "p"}}}), "results[2].plans[0].us: a value");
  refused(with(bench, "/machine/fma_gflops", 5), "fma_gflops: an object");
  refused(with(bench, "/machine/fma_gflops/avx512", -5), "fma_gflops.avx512: a number above 0");
  refused(with(peers, "/results/0/engines/ours/us", "x"), "results[0].engines.ours.us: a number");
  refused(with(peers, "/results/0/engines", 1), "engines: an object is needed");
  expect_refused({"report", "/nowhere/a.json", "-o", out}, "/nowhere/a.json: cannot be read");
  expect_refused({"report", kData + "calibrate.json", "-o", out}, "none of the files has layers");
  expect_refused({"report", kData + "bench.json", "-o", "/nowhere/x.html"},
                 "/nowhere/x.html: cannot be written");
  expect_refused({"report", kData + "bench.json", "-o", kData + "bench.json"},
                 "is one of the files that the page is made of");
  expect_refused({"report", kData + "bench.json"}, "--output");
  expect_refused({"report", "-o", out}, "file");
}

TEST_F(CliReport, ABandwidthOfAnotherMachineIsNotShown) {
  json other = json::parse(read(kData + "calibrate.json"));
  other["machine"]["cpuid"] = "GenuineIntel 6.1.1";
  write(file("other.json"), other.dump());
  const json shown = data(page({kData + "bench.json", file("other.json")}));
  EXPECT_EQ(shown["runs"][0]["machine"].at("roofs").size(), 3U);
  ASSERT_EQ(shown.at("notes").size(), 1U);
  EXPECT_NE(said_.err.find("it is not shown"), std::string::npos);
}

TEST_F(CliReport, JsonSaysWhatWasWritten) {
  const json row = test::run_json({"report", kData + "bench.json", kData + "peers.json", "-o",
                                   file("page.html")})
                       .at("results")
                       .at(0);
  EXPECT_EQ(row.at("path"), file("page.html"));
  EXPECT_EQ(row.at("bytes"), std::filesystem::file_size(file("page.html")));
  EXPECT_EQ(row.at("layers"), 11);
  EXPECT_EQ(row.at("peer_layers"), 9);
}

}  // namespace
}  // namespace tconv

// Both files of cases through the front doors, whole, on every target and backend; the verb's
// output and statuses; and that a case which is not met is found out.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

#include "jit/backend.h"
#include "tests/support/cli.h"
#include "tests/support/temporary_folder.h"
#include "tools/conformance/runner.h"
#include "tools/conformance/skips.h"

namespace tconv::test {
namespace {

using nlohmann::json;
namespace cases = tools::conformance;

const std::string kLiteral = TCONV_SOURCE_DIR "/tests/data/conformance_cases.json";
const std::string kOracle = TCONV_SOURCE_DIR "/tests/data/oracle_cases.json";

const json& file(const std::string& path) {
  static std::map<std::string, json> read;
  if (!read.contains(path)) {
    std::ifstream stream(path);
    read[path] = json::parse(stream);
  }
  return read[path];
}

const json& the_case(const std::string& path, const std::string& id) {
  for (const json& c : file(path).at("cases"))
    if (c.at("id") == id) return c;
  throw std::runtime_error("no case " + id);
}

struct Target {
  const char *isa, *backend;
};

class FrontConformance : public testing::TestWithParam<Target> {};

TEST_P(FrontConformance, EveryCaseOfBothFiles) {
  Options options;
  options.isa = GetParam().isa;
  options.backend = GetParam().backend;
  if (options.backend != "interpreter" && !jit::host_supports(options.isa))
    GTEST_SKIP() << "this host has no " << options.isa;
  int passed = 0, skipped = 0;
  for (const std::string& path : {kLiteral, kOracle}) {
    for (const json& c : file(path).at("cases")) {
      const cases::Result result = cases::run_case(c, options);
      EXPECT_NE(result.outcome, cases::Outcome::failed) << result.id << ": " << result.detail;
      passed += result.outcome == cases::Outcome::passed ? 1 : 0;
      skipped += result.outcome == cases::Outcome::skipped ? 1 : 0;
      // What this library has is never skipped, but for errors without arguments.
      if (is_front_door(result.api) && result.outcome == cases::Outcome::skipped) {
        EXPECT_EQ(result.detail, cases::kNotWhole) << result.id;
      }
    }
  }
  EXPECT_GE(passed, 904);
  EXPECT_LE(skipped, 305);
}

INSTANTIATE_TEST_SUITE_P(Targets, FrontConformance,
                         testing::Values(Target{"avx512", "xbyak"}, Target{"avx2", "xbyak"},
                                         Target{"avx512", "interpreter"},
                                         Target{"avx2", "interpreter"}),
                         [](const auto& target) {
                           return std::string(target.param.isa) + "_" + target.param.backend;
                         });

// A case with one thing changed must fail, and say what is wrong.
void expect_found_out(json c, const std::function<void(json&)>& change, const std::string& words) {
  ASSERT_EQ(cases::run_case(c, {}).outcome, cases::Outcome::passed) << c.at("id");
  change(c);
  const cases::Result result = cases::run_case(c, {});
  EXPECT_EQ(result.outcome, cases::Outcome::failed) << words;
  EXPECT_NE(result.detail.find(words), std::string::npos) << result.detail;
}

const json& first_oracle(const std::function<bool(const json&)>& wanted) {
  for (const json& c : file(kOracle).at("cases"))
    if (c.at("api") == "tf.nn.conv2d_transpose" && !c.contains("divergent") && wanted(c)) return c;
  throw std::runtime_error("no such case");
}

TEST(ConformanceRunner, FindsWhatIsNotMet) {
  const json values = first_oracle([](const json& c) { return c.at("expect").contains("values"); });
  const json digest = first_oracle([](const json& c) { return c.at("expect").contains("wsum"); });
  const json error =
      first_oracle([](const json& c) { return c.at("expect").contains("argument"); });
  expect_found_out(
      values, [](json& c) { c["expect"]["values"][0] = 99999; }, "element 0");
  expect_found_out(
      values, [](json& c) { c["expect"]["values"].push_back(1); }, "elements");
  expect_found_out(
      values, [](json& c) { c["expect"]["shape"][0] = 77; }, "shape");
  expect_found_out(
      values, [](json& c) { c["expect"]["dtype"] = "float64"; }, "type");
  expect_found_out(
      values, [](json& c) { c["expect"]["kernel_shape"] = json::array({1}); }, "kernel_shape");
  expect_found_out(
      values, [](json& c) { c["args"]["strides"] = "2"; }, "TypeError");
  for (const char* key : {"sum", "wsum"})
    expect_found_out(
        digest, [&](json& c) { c["expect"][key] = c["expect"][key].get<int>() + 1; },
        std::string("the ") + key);
  for (const char* key : {"first", "last"})
    expect_found_out(
        digest, [&](json& c) { c["expect"][key][3] = 99999; }, "element");
  expect_found_out(
      error, [](json& c) { c["expect"]["error_type"] = "TypeError"; }, "TypeError");
  expect_found_out(
      error, [](json& c) { c["expect"]["argument"] = "name"; }, "for name");
  expect_found_out(
      error,
      [](json& c) {
        c["expect"] = {{"shape", {1}}, {"values", {1}}};
      },
      "expected shape");
  const json& line = the_case(kLiteral, "tf-conv2d_transpose-Same-float32");
  expect_found_out(
      line, [](json& c) { c["expect"]["values"][5] = -7; }, "element 5");
  json raw = line;
  raw["api"] = "tf.raw_ops.Conv2DBackpropInput";
  expect_found_out(
      raw, [](json& c) { c["padding_resolved"][0][0] = 1; }, "element");
}

TEST(ConformanceRunner, WhatItDoesNotKnow) {
  json c = first_oracle([](const json& o) { return o.at("expect").contains("values"); });
  c["new field"] = {{"a", 1}};
  c["expect"].erase("dtype");
  EXPECT_EQ(cases::run_case(c, {}).outcome, cases::Outcome::passed);
  c["api"] = "jax.lax.conv_transpose";
  const cases::Result unknown = cases::run_case(c, {});
  EXPECT_EQ(unknown.outcome, cases::Outcome::skipped);
  EXPECT_EQ(unknown.detail, "the API is unknown");
  c["api"] = "tf.nn.conv2d_transpose";
  c["divergent"] = "because";
  const cases::Result divergent = cases::run_case(c, {});
  EXPECT_EQ(divergent.outcome, cases::Outcome::divergent);
  EXPECT_NE(divergent.detail.find("because; ours is the same"), std::string::npos);
}

TEST(ConformanceRunner, DamagedCases) {
  const json good = first_oracle([](const json& c) { return c.at("expect").contains("values"); });
  const auto expect_damaged = [&](const std::function<void(json&)>& change) {
    json c = good;
    change(c);
    EXPECT_THROW(cases::run_case(c, {}), cases::Damaged) << c.dump();
  };
  expect_damaged([](json& c) { c.erase("args"); });
  expect_damaged([](json& c) { c["args"] = 7; });
  expect_damaged([](json& c) { c["dtype"] = "float7"; });
  expect_damaged([](json& c) { c["args"]["input"]["shape"] = "x"; });
  expect_damaged([](json& c) { c["args"]["input"]["shape"] = {1 << 30, 1 << 30, 1 << 30}; });
  expect_damaged([](json& c) { c["args"]["input"]["shape"] = {-1}; });
  expect_damaged([](json& c) { c["args"]["input"]["shape"] = {18446744073709551615U, 1}; });
  expect_damaged([](json& c) { c["args"]["input"]["fill"] = "q"; });
  expect_damaged([](json& c) { c["expect"]["values"][0] = "seven"; });
  json deep = 1;
  for (int level = 0; level < 100; ++level) deep = json::array({deep});
  expect_damaged([&](json& c) { c["args"]["strides"] = deep; });
}

class ConformanceVerb : public testing::Test {
 protected:
  std::string write(const std::string& text) {
    const std::string path = folder_.file("cases.json");
    std::ofstream(path) << text;
    return path;
  }
  TemporaryFolder folder_;
};

TEST_F(ConformanceVerb, CountsAndStatuses) {
  const Finished good = tconv_cli({"conformance", kLiteral, kOracle});
  EXPECT_EQ(good.status, 0) << good.out;
  EXPECT_NE(last_line(good.out).find(" passed, 0 failed, "), std::string::npos);
  json all = file(kOracle);
  json& c = all["cases"][0];
  c["expect"] = {{"shape", {1}}, {"values", {1}}};
  const Finished bad = tconv_cli({"conformance", write(json{{"cases", {c}}}.dump())});
  EXPECT_EQ(bad.status, 1);
  EXPECT_EQ(last_line(bad.out), "0 passed, 1 failed, 0 skipped");
  EXPECT_NE(bad.out.find("FAIL tf-"), std::string::npos);
}

TEST_F(ConformanceVerb, Json) {
  const json report = run_json({"conformance", "--json", kLiteral});
  EXPECT_EQ(report.at("schema"), "tconv-conformance-1");
  EXPECT_EQ(report.at("results").size(), file(kLiteral).at("cases").size());
  EXPECT_EQ(keys(report.at("results").at(0)),
            (std::set<std::string>{"file", "id", "api", "outcome", "detail"}));
  EXPECT_EQ(report.at("failed"), 0);
  EXPECT_EQ(report.at("divergent"), 3);
}

TEST_F(ConformanceVerb, DamagedFiles) {
  expect_refused({"conformance"}, "file");
  expect_refused({"conformance", folder_.file("none.json")}, "cannot be read");
  const std::string one =
      R"({"id": "a", "api": "tf.nn.conv2d_transpose", "expect": {"shape": [1]}, "args": {}})";
  for (const std::string& text : {std::string(""), std::string("{"), std::string("[1, 2"),
                                  std::string(R"({"cases": [)") + one + ","})
    expect_refused({"conformance", write(text)}, "parse error");
  expect_refused({"conformance", write("[]")}, "cases");
  expect_refused({"conformance", write(R"({"cases": 3})")}, "cases");
  expect_refused({"conformance", write(R"({"cases": [1e999]})")}, "1e999");
  expect_refused({"conformance", write(R"({"cases": [{"api": "a", "expect": {}}]})")}, "id");
  expect_refused({"conformance", write(R"({"cases": [{"id": "a", "api": "b"}]})")}, "expect");
  expect_refused({"conformance", write(R"({"cases": [)" + one + "," + one + "]}")}, "two cases");
  expect_refused({"conformance", write(std::string(100000, '['))}, "deeper");
  expect_refused({"conformance", write(R"({"cases": [{"id": "a", "api": "tf.nn.conv2d_transpose",
      "dtype": 7, "args": {}, "expect": {"shape": [1]}}]})")},
                 "case a");
  expect_refused({"conformance", "--isa", "neon", kLiteral}, "isa");
}

}  // namespace
}  // namespace tconv::test

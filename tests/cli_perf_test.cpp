// What profilers are told: the map's names say problem, plan and stage.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <regex>
#include <sstream>

#include "tconv/inspect.hpp"
#include "tests/support/cli.h"

namespace tconv {
namespace {

const std::string kLine = "f32 nhwc ic=16 oc=16 i=8x8 k=4 s=2 p=1 bias relu";

std::string underscored(std::string text) {
  std::replace(text.begin(), text.end(), ' ', '_');
  return text;
}

// The file's text; it is removed.
std::string taken(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  unlink(path.c_str());
  return text.str();
}

class PerfMap : public testing::TestWithParam<const char*> {};

TEST_P(PerfMap, NamesSayProblemPlanAndStage) {
  const auto& backends = host_info().backends;
  if (std::find(backends.begin(), backends.end(), GetParam()) == backends.end())
    GTEST_SKIP() << "no " << GetParam() << " here";
  // Two stages: tensors are transposed before and after.
  const std::string plan = "direct(mr=2,nr=1,transposed)";
  const std::string line = "f32 nchw ic=16 oc=16 i=8x8 k=4 s=2 p=1 bias relu";
  const auto f = test::tconv_cli({"bench", line, "--plan", plan, "--perf-map", "--rounds", "1",
                                  "--round-us", "1", "--backend", GetParam()});
  ASSERT_EQ(f.status, 0) << f.err;
  std::smatch found;
  ASSERT_TRUE(std::regex_search(f.err, found, std::regex("/tmp/perf-[0-9]+\\.map"))) << f.err;
  std::istringstream map(taken(found.str()));
  const std::string name = "tconv::" + underscored(parse_problem(line).line) + "::" + plan +
                           "::" + host_info().isa + "_";
  std::set<std::string> stages;
  for (std::string text; std::getline(map, text);) {
    std::uint64_t address = 0, bytes = 0;
    char symbol[1024] = {};
    ASSERT_EQ(std::sscanf(text.c_str(), "%lx %lx %1023s", &address, &bytes, symbol), 3) << text;
    EXPECT_GT(address, 0U);
    EXPECT_GT(bytes, 0U);
    const std::string s = symbol;
    EXPECT_EQ(text.find(s) + s.size(), text.size()) << "a name is one word: " << text;
    if (s.starts_with(name)) stages.insert(s.substr(s.rfind("::")));
  }
  EXPECT_GE(stages.size(), 3U);
  EXPECT_TRUE(stages.contains("::stage0"));
  EXPECT_TRUE(stages.contains("::stage2"));
}

INSTANTIATE_TEST_SUITE_P(Backends, PerfMap, testing::Values("xbyak", "llvm"),
                         [](const auto& backend) { return std::string(backend.param); });

TEST(PerfMaps, AreNotWrittenUnlessSomebodyAsks) {
  const auto f = test::tconv_cli({"bench", kLine, "--rounds", "1", "--round-us", "1"});
  EXPECT_EQ(f.status, 0);
  EXPECT_EQ(f.err.find("/tmp/perf-"), std::string::npos) << f.err;
}

// As perf inject reads it: a header, then records of the sizes that they say.
TEST(JitDump, HoldsTheCodeOfEveryKernel) {
  const auto f = test::tconv_cli({"bench", kLine, "--perf-map", "--rounds", "1", "--round-us", "1"},
                                 {{"TCONV_PERF", "jitdump"}});
  ASSERT_EQ(f.status, 0) << f.err;
  std::smatch found;
  ASSERT_TRUE(std::regex_search(f.err, found, std::regex("/tmp/perf-([0-9]+)\\.map"))) << f.err;
  unlink(found.str().c_str());
  const std::string dump = taken("/tmp/jit-" + found.str(1) + ".dump");
  const auto number = [&](std::size_t at, std::size_t bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, dump.data() + at, bytes);
    return value;
  };
  ASSERT_GT(dump.size(), 40U);
  EXPECT_EQ(number(0, 4), 0x4A695444U);
  EXPECT_EQ(number(8, 4), 40U);
  EXPECT_EQ(number(20, 4), std::stoull(found.str(1)));
  int kernels = 0;
  for (std::size_t at = 40; at < dump.size();) {
    const std::uint64_t bytes = number(at + 4, 4), code = number(at + 40, 8);
    ASSERT_LE(at + bytes, dump.size());
    EXPECT_EQ(number(at, 4), 0U);
    const std::string name = dump.data() + at + 56;
    EXPECT_EQ(bytes, 56 + name.size() + 1 + code);
    EXPECT_TRUE(name.starts_with("tconv::" + underscored(parse_problem(kLine).line))) << name;
    // endbr64, which every kernel begins with
    EXPECT_EQ(dump.substr(at + 56 + name.size() + 1, 4), "\xf3\x0f\x1e\xfa") << name;
    ++kernels;
    at += bytes;
  }
  EXPECT_GE(kernels, 1);
}

}  // namespace
}  // namespace tconv

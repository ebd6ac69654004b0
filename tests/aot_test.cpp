// Kernels ahead of time, from the tool's files to a C program's results: the bits are the JIT's.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tconv/inspect.hpp"
#include "tests/support/aot_library.h"
#include "tools/random_problem.h"

namespace tconv {
namespace {

using nlohmann::json;
using test::AotLibrary;
using test::AotSample;
using test::Finished;

// Every schedule, type and layout; operands; open sizes; streaming stores.
const std::vector<std::string> kLines = {
    "f32 nhwc ic=64 oc=48 i=8x8 k=4 s=2 p=1 bias relu",
    "f32 nhwc ic=512 oc=256 i=4x4 k=4 s=2 p=1 bias",
    "f32 nhwc ic=64 oc=3 i=16x16 k=4 s=2 p=1 bias tanh",
    "f32 nchw ic=16 oc=8 i=12x12 k=4 s=2 p=1 bias leaky_relu=0.2",
    "f32 nhwc g=32 ic=32 oc=32 i=9x7 k=3 s=2 p=1 bias",
    "f32 nhwc ic=1 oc=64 i=200x200 k=2 s=2 bias",
    "f32 ncw ic=8 oc=2 i=100 k=16 s=8 p=4 bias add",
    "f64 nwc ic=12 oc=20 i=33 k=5 s=3 bias prelu",
    "f16 nhwc ic=24 oc=16 i=6x6 k=3 s=1 p=1 bias gelu",
    "bf16 nhwc ic=32 oc=32 i=8x8 k=4 s=2 p=1 bias relu",
    "i32 nhwc ic=6 oc=10 i=5x4 k=3 s=2 p=1 bias mul",
    "f32 ndhwc ic=8 oc=16 i=4x4x4 k=4 s=2 p=1 bias",
    "f32 nwc n=1..6 ic=8 oc=16 i=20 k=4 s=2 p=1 bias",
    "f32 nwc ic=16 oc=8 i=1..500 k=16 s=8 p=4 bias relu",
    "f32 nhwc ic=8 oc=8 i=0x4 o=3x5 k=4 s=2 bias",
};

std::vector<std::string> host_isas() {
  std::vector<std::string> isas = host_info().isas;
  std::erase(isas, "sse2");
  const auto& features = host_info().features;
  if (std::count(features.begin(), features.end(), "avx512bf16")) isas.emplace_back("avx512bf16");
  return isas;
}

// Runs the C program on samples of every layer and compares with the JIT. Returns the isa that it
// chose for each.
std::map<std::string, std::string> compare(AotLibrary& library, std::uint64_t seed,
                                           bool non_finite = false) {
  std::vector<AotSample> samples;
  for (const json& layer : library.manifest().at("layers"))
    samples.emplace_back(layer, ++seed, non_finite);
  for (const AotSample& s : samples) s.write(library);
  const Finished f = test::spawn({library.build(), library.file("")});
  EXPECT_EQ(f.status, 0) << f.err;
  std::map<std::string, std::string> chosen;
  std::istringstream lines(f.out);
  for (std::string name, isa; lines >> name >> isa;) chosen[name] = isa;
  for (AotSample& s : samples) {
    if (chosen.count(s.name) == 0) {
      ADD_FAILURE() << s.line << " did not run";
      continue;
    }
    EXPECT_TRUE(s.output(library) == s.jit_output(chosen[s.name]))
        << s.line << " on " << chosen[s.name] << ": other bits than the JIT's";
  }
  return chosen;
}

std::vector<std::string> with(std::vector<std::string> lines,
                              const std::vector<std::string>& more) {
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

TEST(Aot, ACProgramHasTheBitsOfTheJit) {
  for (const std::string& isa : host_isas()) {
    AotLibrary library(with(kLines, {"--isa", isa}));
    for (const auto& [name, chosen] : compare(library, 7))
      EXPECT_EQ(chosen, isa == "avx512bf16" && !name.starts_with("tconv_bf16") ? "avx512" : isa);
  }
  std::set<std::string> schedules;  // the list above is of some use
  AotLibrary library(with(kLines, {"--isa", "avx2,avx512"}));
  for (const json& layer : library.manifest().at("layers"))
    for (const json& kernel : layer.at("kernels")) {
      const std::string plan = kernel.at("plan");
      schedules.insert(plan.substr(0, plan.find('(')));
      if (plan.find("stream") != std::string::npos) schedules.insert("stream");
    }
  EXPECT_EQ(schedules, (std::set<std::string>{"bias_only", "channelwise", "direct", "stream",
                                              "width", "winograd"}));
}

TEST(Aot, FiltersThatAreNotFiniteTakeTheTwin) {
  AotLibrary library(with(kLines, {"--isa", "avx2,avx512"}));
  int twins = 0;
  for (const json& layer : library.manifest().at("layers"))
    for (const json& kernel : layer.at("kernels"))
      twins += !kernel.at("non_finite_filter").is_null();
  EXPECT_GT(twins, 5);
  compare(library, 100, true);
}

class AotRandom : public testing::TestWithParam<const char*> {};

TEST_P(AotRandom, ProblemsHaveTheBitsOfTheJit) {
  tools::RandomOptions wishes;
  wishes.type = tools::parse_shape(std::string(GetParam()) + " nwc i=1 k=1").type;
  wishes.max_multiply_adds = 2e5;
  wishes.open_percent = 25;
  tools::RandomProblems random(11, wishes);
  std::set<std::string> lines;
  while (lines.size() < 40) lines.insert(random.next());
  AotLibrary library(with({lines.begin(), lines.end()}, {"--isa", "avx2,avx512,avx512bf16"}));
  EXPECT_EQ(library.manifest().at("layers").size(), lines.size());
  compare(library, 1000);
  compare(library, 2000, true);
}
INSTANTIATE_TEST_SUITE_P(Types, AotRandom, testing::Values("f32", "f64", "f16", "bf16", "i32"));

TEST(Aot, NothingIsLeftToOtherLibraries) {
  AotLibrary library(with(kLines, {"--isa", "avx2,avx512"}));
  const auto symbols = [&](const std::string& option) {
    const Finished f = test::spawn_from_path({"nm", "-P", option, library.archive()});
    EXPECT_EQ(f.status, 0) << f.err;
    std::set<std::string> names;
    std::istringstream text(f.out);
    for (std::string line; std::getline(text, line);)
      if (!line.empty() && line.back() != ':') names.insert(line.substr(0, line.find(' ')));
    return names;
  };
  if (!test::in_path("nm")) GTEST_SKIP() << "nm is not installed (package binutils)";
  const std::set<std::string> defined = symbols("--defined-only");
  EXPECT_GT(defined.size(), 100U);
  for (const std::string& name : symbols("-u")) EXPECT_TRUE(defined.count(name)) << name;
}

TEST(Aot, TheHeaderIsC99AndCpp) {
  AotLibrary library(with(kLines, {"--isa", "avx2"}));
  for (const std::vector<std::string>& compiler :
       {std::vector<std::string>{TCONV_C_COMPILER, "-std=c99", "-xc"},
        {TCONV_C_COMPILER, "-std=c17", "-xc"},
        {TCONV_CXX_COMPILER, "-std=c++11", "-xc++"},
        {TCONV_CXX_COMPILER, "-std=c++20", "-xc++"}}) {
    std::vector<std::string> command = compiler;
    for (const char* word : {"-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"})
      command.emplace_back(word);
    command.push_back(library.file("kernels.h"));
    const Finished f = test::spawn_from_path(command);
    EXPECT_EQ(f.status, 0) << compiler[1] << "\n" << f.err;
  }
}

// Two libraries in one program, one of their layers in both: whole archives, and as shared
// libraries.
TEST(Aot, LibrariesLinkTogether) {
  const std::string both = "f32 nhwc ic=16 oc=16 i=4x4 k=4 s=2 p=1 bias";
  AotLibrary one({both, "f32 nwc ic=4 oc=4 i=5 k=3", "--isa", "avx2"}, "one");
  AotLibrary two({both, "f32 nwc ic=5 oc=6 i=7 k=2", "--isa", "avx2"}, "two");
  EXPECT_EQ(one.manifest().at("layers").at(0).at("functions"),
            two.manifest().at("layers").at(0).at("functions"));
  const std::string source = one.file("both.c");
  std::ofstream(source)
      << "#include \"one.h\"\n"
         "int second(void);\n"
         "int main(void) { return tconv_f32_nwc_ic4_oc4_i5_k3_isa() == 0 || second(); }\n";
  const std::string other = two.file("second.c");
  std::ofstream(other) << "#include \"two.h\"\n"
                          "int second(void) { return tconv_f32_nwc_ic5_oc6_i7_k2_isa() == 0; }\n";
  const auto build = [&](const std::vector<std::string>& libraries) {
    std::vector<std::string> command = {
        TCONV_C_COMPILER, "-I" + one.file(""), "-I" + two.file(""), source, other, "-o",
        one.file("both")};
    command.insert(command.end(), libraries.begin(), libraries.end());
    Finished f = test::spawn_from_path(command);
    EXPECT_EQ(f.status, 0) << f.err;
    f = test::spawn({one.file("both")});
    EXPECT_EQ(f.status, 0) << f.err;
  };
  build({one.archive(), two.archive()});
  build({"-Wl,--whole-archive", one.archive(), two.archive(), "-Wl,--no-whole-archive"});
  for (const AotLibrary* library : {&one, &two}) {
    const Finished f = test::spawn_from_path({TCONV_C_COMPILER, "-shared", "-nostdlib",
                                              "-Wl,-z,defs", "-Wl,--fatal-warnings", "-o",
                                              library->file("lib" + library->name() + ".so"),
                                              "-Wl,--whole-archive", library->archive()});
    EXPECT_EQ(f.status, 0) << f.err;
  }
  build({one.file("libone.so"), two.file("libtwo.so"), "-Wl,-rpath," + one.file(""),
         "-Wl,-rpath," + two.file("")});
}

// What a CPU lacks is found out before any instruction that it does not have.
TEST(Aot, TheCpuIsAskedFirst) {
  if (!test::in_path("qemu-x86_64"))
    GTEST_SKIP() << "qemu-x86_64 is not installed (package qemu-user)";
  AotLibrary library({kLines[0], "--isa", "avx2,avx512"});
  AotSample sample(library.manifest().at("layers").at(0), 3);
  sample.write(library);
  const std::string program = library.build();
  const auto on = [&](const char* cpu) {
    return test::spawn_from_path({"qemu-x86_64", "-cpu", cpu, program, library.file("")});
  };
  const Finished haswell = on("Haswell");
  EXPECT_EQ(haswell.status, 0) << haswell.err;
  EXPECT_TRUE(haswell.out.ends_with(" avx2\n")) << haswell.out;
  EXPECT_TRUE(sample.output(library) == sample.jit_output("avx2"));
  const Finished nehalem = on("Nehalem");
  EXPECT_EQ(nehalem.status, 1);
  EXPECT_NE(nehalem.err.find("this CPU or its operating system lacks"), std::string::npos)
      << nehalem.err;
}

}  // namespace
}  // namespace tconv

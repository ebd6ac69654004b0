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
using test::AotRun;
using test::AotSample;
using test::Finished;
using test::with_options;

std::vector<std::string> host_isas() {
  std::vector<std::string> isas = host_info().isas;
  std::erase(isas, "sse2");
  const auto& features = host_info().features;
  if (std::count(features.begin(), features.end(), "avx512bf16")) isas.emplace_back("avx512bf16");
  return isas;
}

std::map<std::string, std::string> compare(AotLibrary& library, std::uint64_t seed,
                                           bool non_finite = false) {
  return test::expect_same_bits(library, {.program = library.build()}, seed, non_finite);
}

TEST(Aot, ACProgramHasTheBitsOfTheJit) {
  for (const std::string& isa : host_isas()) {
    AotLibrary library(with_options(test::aot_lines(), {"--isa", isa}));
    for (const auto& [name, chosen] : compare(library, 7))
      EXPECT_EQ(chosen, isa == "avx512bf16" && !name.starts_with("tconv_bf16") ? "avx512" : isa);
  }
  std::set<std::string> schedules;  // the list above is of some use
  AotLibrary library(with_options(test::aot_lines(), {"--isa", "avx2,avx512"}));
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
  AotLibrary library(with_options(test::aot_lines(), {"--isa", "avx2,avx512"}));
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
  AotLibrary library(
      with_options({lines.begin(), lines.end()}, {"--isa", "avx2,avx512,avx512bf16"}));
  EXPECT_EQ(library.manifest().at("layers").size(), lines.size());
  compare(library, 1000);
  compare(library, 2000, true);
}
INSTANTIATE_TEST_SUITE_P(Types, AotRandom, testing::Values("f32", "f64", "f16", "bf16", "i32"));

TEST(Aot, NothingIsLeftToOtherLibraries) {
  if (!test::in_path("nm")) GTEST_SKIP() << "nm is not installed (package binutils)";
  AotLibrary library(with_options(test::aot_lines(), {"--isa", "avx2,avx512"}));
  test::expect_nothing_undefined(library);
}

// As files that only a linker can make.
TEST(Aot, SharedLibrariesAndObjectsAreTheSameKernels) {
  for (const std::string type : {"shared", "object"}) {
    AotLibrary library(with_options(test::aot_lines(), {"--isa", "avx2,avx512", "--type", type}));
    EXPECT_EQ(library.manifest().at("type"), type);
    const auto chosen = compare(library, 50);
    EXPECT_EQ(chosen.size(), test::aot_lines().size());
    for (const std::string isa : {"avx2", "avx512"}) {
      if (std::count(host_info().isas.begin(), host_info().isas.end(), isa) == 0) continue;
      const AotRun limited{.program = library.file("program"), .limit = isa};
      for (const auto& [name, taken] : test::expect_same_bits(library, limited, 60))
        EXPECT_EQ(taken, isa) << name;
    }
    if (!test::in_path("readelf") || !test::in_path("nm")) continue;
    test::expect_nothing_undefined(library);
    const Finished f = test::spawn_from_path({"readelf", "-dlSW", library.archive()});
    EXPECT_EQ(f.out.find("NEEDED"), std::string::npos) << f.out;
    EXPECT_EQ(f.out.find("TEXTREL"), std::string::npos) << f.out;
    EXPECT_EQ(f.out.find("RWE"), std::string::npos) << f.out;
    EXPECT_NE(f.out.find(".eh_frame"), std::string::npos) << f.out;
  }
}

TEST(Aot, TheHeaderIsC99AndCpp) {
  AotLibrary library(with_options(test::aot_lines(), {"--isa", "avx2"}));
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
  AotLibrary library({test::aot_lines()[0], "--isa", "avx2,avx512"});
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

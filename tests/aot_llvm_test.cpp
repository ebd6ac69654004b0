// Libraries of `tconv aot` with LLVM's kernels: the last resort of x86-64, all isas by LLVM, and
// AArch64 from the tool's files to a program under qemu.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tconv/inspect.hpp"
#include "tests/support/aot_library.h"
#include "tests/support/cli.h"
#include "tools/random_problem.h"

namespace tconv {
namespace {

using nlohmann::json;
using test::aot_lines;
using test::AotLibrary;
using test::AotRun;
using test::Finished;
using test::with_options;

const std::string kCross = "aarch64-linux-gnu-";

class AotLlvm : public testing::Test {
 protected:
  void SetUp() override {
    if (TCONV_WITH_LLVM == 0) GTEST_SKIP() << "this build has no LLVM (TCONV_LLVM=OFF)";
  }
  static bool host_has(const std::string& isa) {
    const auto& isas = host_info().isas;
    return std::count(isas.begin(), isas.end(), isa) > 0;
  }
  static std::string missing(const std::vector<std::string>& programs) {
    for (const std::string& program : programs)
      if (!test::in_path(program))
        return program + " is not installed (packages gcc-aarch64-linux-gnu, qemu-user)";
    return "";
  }
};

TEST_F(AotLlvm, EveryIsaHasTheBitsOfTheJit) {
  AotLibrary library(with_options(aot_lines(), {"--isa", "sse2,avx2,avx512", "--backend", "llvm"}));
  for (const json& layer : library.manifest().at("layers"))
    for (const json& kernel : layer.at("kernels")) EXPECT_EQ(kernel.at("backend"), "llvm");
  const std::string program = library.build();
  for (const std::string isa : {"sse2", "avx2", "avx512"}) {
    if (!host_has(isa)) continue;
    const AotRun run{.program = program, .limit = isa};
    for (const bool non_finite : {false, true})
      for (const auto& [name, chosen] : test::expect_same_bits(library, run, 7, non_finite))
        EXPECT_EQ(chosen, isa) << name;
  }
  if (test::in_path("nm")) test::expect_nothing_undefined(library);
}

// By rule: Xbyak for what it has, LLVM for the rest; the best that the CPU has is taken.
TEST_F(AotLlvm, BackendsShareALibrary) {
  AotLibrary library(with_options(aot_lines(), {"--isa", "sse2,avx2,avx512"}));
  for (const json& layer : library.manifest().at("layers"))
    for (const json& kernel : layer.at("kernels"))
      EXPECT_EQ(kernel.at("backend"), kernel.at("isa") == "sse2" ? "llvm" : "xbyak");
  const std::string program = library.build();
  for (const auto& [name, chosen] : test::expect_same_bits(library, {.program = program}, 21))
    EXPECT_EQ(chosen, host_info().isa) << name;
  const AotRun last{.program = program, .limit = "sse2"};
  for (const auto& [name, chosen] : test::expect_same_bits(library, last, 22))
    EXPECT_EQ(chosen, "sse2") << name;
  const Finished f = test::spawn({program, library.file(""), "avx3"});
  EXPECT_EQ(f.status, 1);
  EXPECT_EQ(f.err, "there is no isa avx3\n");
  if (test::in_path("nm")) test::expect_nothing_undefined(library);
}

// One of the first x86-64: an instruction beyond SSE3 would end the program.
TEST_F(AotLlvm, TheLastResortRunsOnEveryCpu) {
  if (!test::in_path("qemu-x86_64"))
    GTEST_SKIP() << "qemu-x86_64 is not installed (package qemu-user)";
  std::vector<std::string> lines = aot_lines();
  std::erase_if(lines, [](const std::string& line) {
    return line.find("ic=512") != std::string::npos || line.find("200x200") != std::string::npos;
  });
  AotLibrary library(with_options(lines, {"--isa", "sse2,avx2"}));
  const std::string program = library.build();
  for (const char* cpu : {"Opteron_G1", "Nehalem", "Haswell"}) {
    const AotRun run{.program = program, .runner = {"qemu-x86_64", "-cpu", cpu}};
    for (const auto& [name, chosen] : test::expect_same_bits(library, run, 33))
      EXPECT_EQ(chosen, cpu == std::string("Haswell") ? "avx2" : "sse2") << name;
  }
}

// The lines above but for the largest, and random problems of every type.
std::vector<std::string> aarch64_lines() {
  std::vector<std::string> lines = aot_lines();
  std::erase_if(lines, [](const std::string& line) {
    return line.find("ic=512") != std::string::npos || line.find("200x200") != std::string::npos;
  });
  std::set<std::string> seen(lines.begin(), lines.end());
  std::uint64_t seed = 5;
  for (const char* type : {"f32", "f64", "f16", "bf16", "i32"}) {
    tools::RandomOptions wishes;
    wishes.type = tools::parse_shape(std::string(type) + " nwc i=1 k=1").type;
    wishes.max_multiply_adds = 1e5;
    wishes.open_percent = 25;
    tools::RandomProblems random(++seed, wishes);
    for (int left = *type == 'f' && type[1] == '3' ? 12 : 6; left > 0;) {
      const std::string line = random.next();
      if (!seen.insert(line).second) continue;
      lines.push_back(line);
      --left;
    }
  }
  return lines;
}

TEST_F(AotLlvm, AArch64HasTheBitsOfTheInterpreter) {
  if (const std::string m = missing({"qemu-aarch64", kCross + "gcc", kCross + "nm"}); !m.empty())
    GTEST_SKIP() << m;
  for (const std::string type : {"static", "shared", "object"}) {
    const bool all = type == "static";
    const std::vector<std::string> lines = all ? aarch64_lines() : aot_lines();
    AotLibrary library(with_options(all ? lines : std::vector{lines[0], lines[2], lines[9]},
                                    {"--triple", "aarch64-linux-gnu", "--type", type}));
    const std::string program = library.build(kCross + "gcc");
    const AotRun run{.program = program,
                     .runner = {"qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"}};
    std::set<std::string> schedules;
    std::size_t problems = 0;
    for (const json& layer : library.manifest().at("layers")) {
      const json& kernel = layer.at("kernels").at(0);
      EXPECT_EQ(kernel.at("isa"), "neon128");
      EXPECT_EQ(kernel.at("backend"), "llvm");
      const std::string plan = kernel.at("plan");
      schedules.insert(plan.substr(0, plan.find('(')));
      ++problems;
    }
    if (all) {
      EXPECT_GE(problems, 30U);
      EXPECT_GE(schedules.size(), 4U);
      std::printf("%zu problems, %zu schedules\n", problems, schedules.size());
    }
    for (const bool non_finite : {false, true})
      for (const auto& [name, chosen] : test::expect_same_bits(library, run, 5, non_finite))
        EXPECT_EQ(chosen, "neon128") << name;
    test::expect_nothing_undefined(library, kCross + "nm");
  }
}

// What is linked into a program needs no executable stack, says so, and can be unwound.
TEST_F(AotLlvm, ObjectsHaveTheirNotes) {
  if (!test::in_path("readelf")) GTEST_SKIP() << "readelf is not installed (package binutils)";
  const std::string line = aot_lines()[0];
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{line, "--isa", "sse2,avx512", "--backend", "llvm"},
        {line, "--triple", "aarch64-linux-gnu"}}) {
    AotLibrary library(options);
    const Finished f = test::spawn_from_path({"readelf", "-SW", library.archive()});
    EXPECT_EQ(f.status, 0) << f.err;
    const auto count = [&](const std::string& word) {
      std::size_t found = 0;
      for (std::size_t at = 0; (at = f.out.find(word, at)) != std::string::npos; ++at) ++found;
      return found;
    };
    const std::size_t objects = count("File: ");
    EXPECT_GE(objects, 2U);
    EXPECT_EQ(count(".note.GNU-stack"), objects) << f.out;
    EXPECT_GE(count(" .eh_frame "), objects - 1) << f.out;  // stubs of AArch64 have no frame
  }
}

TEST_F(AotLlvm, NamesOfCoresAreTheTablesAndLlvms) {
  const std::string line = aot_lines()[0];
  const auto words = [&](std::vector<std::string> options) {
    test::TemporaryFolder folder;
    options.insert(options.begin(), {"aot", line, "--out", folder.file("out")});
    const Finished f = test::tconv_cli(options);
    return f.status == 0 ? "" : f.err;
  };
  EXPECT_EQ(words({"--isa", "sse2", "--cpu", "core2"}), "");
  EXPECT_EQ(words({"--isa", "sse2,avx2", "--cpu", "znver4"}), "");
  EXPECT_EQ(words({"--isa", "avx2", "--cpu", "zen4"}), "");
  EXPECT_EQ(words({"--triple", "aarch64-linux-gnu", "--cpu", "cortex-a76"}), "");
  EXPECT_EQ(words({"--triple", "arm64-linux-android", "--cpu", "generic"}), "");
  const std::string x86 = words({"--isa", "sse2", "--cpu", "zen9"});
  EXPECT_NE(x86.find("cpu=zen9 is unknown to LLVM"), std::string::npos) << x86;
  EXPECT_NE(x86.find(" znver4"), std::string::npos) << x86;
  const std::string arm = words({"--triple", "aarch64-linux-gnu", "--cpu", "znver4"});
  EXPECT_NE(arm.find("cpu=znver4 is unknown to LLVM"), std::string::npos) << arm;
  EXPECT_NE(arm.find(" cortex-a76"), std::string::npos) << arm;
}

// Plans are tuned differently, so these are different kernels under different names.
TEST_F(AotLlvm, WhatTheCoreDecidesIsInTheName) {
  const std::string line = aot_lines()[0];
  AotLibrary one({line, "--isa", "sse2", "--cpu", "core2"});
  AotLibrary two({line, "--isa", "sse2", "--cpu", "generic"});
  EXPECT_NE(one.manifest().at("layers").at(0).at("functions"),
            two.manifest().at("layers").at(0).at("functions"));
}

}  // namespace
}  // namespace tconv

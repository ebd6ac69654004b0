// The machine table, which entry a CPU has, and files of calibrations: what is taken, what is
// refused.
#include "runtime/machine_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <thread>

#include "planner/planner.h"
#include "runtime/core_name.h"
#include "runtime/host.h"
#include "runtime/options.h"
#include "tests/support/temporary_folder.h"

namespace tconv {
namespace {

using planner::default_machine;
using runtime::MachineFile;

// ---- the table -------------------------------------------------------------------------------

TEST(MachineTable, EveryCoreHasEveryTarget) {
  const auto cores = planner::known_cores();
  EXPECT_EQ(cores.front(), planner::kGenericCore);
  for (const std::string& core : cores)
    for (const char* target : {"avx512", "avx2"}) {
      const planner::Machine m = default_machine(target, core);
      EXPECT_EQ(m.target, target);
      for (const MachineNumber& n : runtime::machine_numbers(m)) {
        if (n.name != "dot2_per_cycle") {
          EXPECT_GT(n.value, 0) << core << " " << n.name;
        }
      }
      EXPECT_LE(m.dram_bytes_per_cycle, m.l3_bytes_per_cycle) << core;
      EXPECT_LE(m.l3_bytes_per_cycle, m.l2_bytes_per_cycle) << core;
    }
  EXPECT_THROW(default_machine("avx512", "z80"), std::invalid_argument);
  EXPECT_THROW(default_machine("sse9"), std::invalid_argument);
}

TEST(MachineTable, RatesThatWereMeasured) {
  // GFLOP/s of FACTS: cycles times lanes times two.
  const auto gflops = [](const char* core, double planner::Machine::*rate, double flops) {
    const planner::Machine m = default_machine("avx512", core);
    return m.ghz * m.*rate * flops;
  };
  EXPECT_NEAR(gflops("zen5", &planner::Machine::fma_per_cycle, 32), 288, 3);
  EXPECT_NEAR(gflops("zen5", &planner::Machine::dot2_per_cycle, 64), 574, 6);
  EXPECT_NEAR(gflops("zen4", &planner::Machine::fma_per_cycle, 32), 117, 3);
  EXPECT_NEAR(gflops("sapphire-rapids", &planner::Machine::fma_per_cycle, 32), 179, 2);
  EXPECT_NEAR(gflops("sapphire-rapids", &planner::Machine::dot2_per_cycle, 64), 87, 4);
}

TEST(MachineTable, CoresByCpuid) {
  using runtime::core_name;
  EXPECT_EQ(core_name("AuthenticAMD", 0x1A, 0x02), "zen5");
  EXPECT_EQ(core_name("AuthenticAMD", 0x19, 0x11), "zen4");
  EXPECT_EQ(core_name("AuthenticAMD", 0x19, 0x61), "zen4");
  EXPECT_EQ(core_name("AuthenticAMD", 0x19, 0xA0), "zen4");
  EXPECT_EQ(core_name("AuthenticAMD", 0x19, 0x01), "generic") << "Zen 3";
  EXPECT_EQ(core_name("AuthenticAMD", 0x19, 0x50), "generic") << "Zen 3";
  EXPECT_EQ(core_name("GenuineIntel", 6, 0xCF), "sapphire-rapids");
  EXPECT_EQ(core_name("GenuineIntel", 6, 0x8F), "sapphire-rapids");
  EXPECT_EQ(core_name("GenuineIntel", 0x19, 0x11), "generic");
  EXPECT_EQ(core_name("GenuineIntel", 6, 0x55), "generic");
  const auto cores = planner::known_cores();
  EXPECT_NE(std::find(cores.begin(), cores.end(), runtime::host().core), cores.end());
}

TEST(MachineTable, F64HasItsOwnRate) {
  planner::Machine m = default_machine("avx512");
  m.f64_fma_per_cycle = m.fma_per_cycle / 4;
  EXPECT_EQ(planner::fma_per_cycle(m, ir::DType::f32), m.fma_per_cycle);
  EXPECT_EQ(planner::fma_per_cycle(m, ir::DType::f64), m.f64_fma_per_cycle);
}

TEST(Predict, SaysOfANamedPlanWhatEnumerateSays) {
  for (const char* line :
       {"f32 nhwc ic=64 oc=64 i=16x16 k=4 s=2 p=1", "f32 nchw ic=16 oc=20 i=7x5 k=3 s=2",
        "f32 nhwc n=1..16 ic=8 oc=16 i=4x4 k=4 s=2", "f32 nwc ic=3 oc=4 i=1..90 k=5 s=2",
        "f32 nhwc g=8 ic=8 oc=8 i=9x9 k=4 s=2", "f32 nhwc ic=0 oc=8 i=4x4 k=2"}) {
    const planner::Problem problem = planner::parse_problem(line);
    const planner::Machine machine = default_machine("avx512");
    for (const planner::Candidate& c : planner::enumerate(problem, machine).candidates)
      EXPECT_DOUBLE_EQ(planner::predict(problem, c.plan, machine), c.predicted_us)
          << line << " " << planner::print(c.plan);
  }
}

// ---- files -----------------------------------------------------------------------------------

std::vector<MachineNumber> numbers() {
  std::vector<MachineNumber> both;
  for (const char* isa : {"avx512", "avx2"})
    for (MachineNumber n : runtime::machine_numbers(default_machine(isa, "zen4"))) {
      n.value *= 1.5;
      both.push_back(n);
    }
  return both;
}

std::string good_file() { return machine_file_text(numbers(), "made up\nfor a test"); }

template <class Body>
std::string refusal(const Body& body) {
  try {
    body();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), Status::invalid_argument) << e.what();
    return e.what();
  }
  return "was not refused";
}
std::string refusal_of(const std::string& text) {
  return refusal([&] { MachineFile::parse(text, "machine=f"); });
}
std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(MachineFiles, GiveTheirNumbersAndLeaveTheOthers) {
  for (const char* isa : {"avx512", "avx2"}) {
    planner::Machine m = default_machine(isa);
    m.l1_bytes = 12345, m.fork_us = 77;
    MachineFile::parse(good_file(), "f").apply(m);
    const planner::Machine zen4 = default_machine(isa, "zen4");
    EXPECT_NEAR(m.ghz, 1.5 * zen4.ghz, 1e-3);
    EXPECT_NEAR(m.fma_per_cycle, 1.5 * zen4.fma_per_cycle, 1e-3);
    EXPECT_NEAR(m.dot2_per_cycle, 1.5 * zen4.dot2_per_cycle, 1e-3);
    EXPECT_NEAR(m.stream_write_bytes_per_cycle, 1.5 * zen4.stream_write_bytes_per_cycle, 1e-2);
    EXPECT_EQ(m.l1_bytes, 12345);
    EXPECT_EQ(m.fork_us, 77);
  }
}

TEST(MachineFiles, DamagedOnesAreRefusedWithLineAndReason) {
  const std::string good = good_file();
  const auto says = [&](const std::string& text, const std::string& words) {
    const std::string why = refusal_of(text);
    EXPECT_NE(why.find(words), std::string::npos) << "said: " << why;
    EXPECT_TRUE(why.starts_with("machine=f: line ")) << why;
  };
  says("", "line 1: the file ends without 'end'");
  says("#!/bin/sh\necho\n", "line 2: 'tconv-machine 1' is expected");
  says(replaced(good, "tconv-machine 1", "tconv-machine 2"),
       "line 1: 'tconv-machine 1' is expected");
  says(replaced(good, "host ", "guest "), "'host ..' is expected");
  says(replaced(good, " l2 ", " l2 1"), "run tconv calibrate here");
  says(replaced(good, "isa avx512", "isa sse9"), "isa 'sse9' is unknown");
  says(replaced(good, "isa avx2", "isa avx512"), "isa avx512 stands twice");
  says(replaced(good, "isa avx512\n", ""), "line 5: 'isa NAME' is expected before");
  says(replaced(good, "ghz ", "qhz "), "'qhz' is unknown; there are ghz ");
  says(replaced(good, "ghz 5.475", "ghz"), "ghz '': a number is expected");
  says(replaced(good, "ghz 5.475", "ghz 5.475x"), "ghz '5.475x': a number is expected");
  says(replaced(good, "ghz 5.475", "ghz nan"), "ghz = nan: 0.1 to 20 is possible");
  says(replaced(good, "ghz 5.475", "ghz -5"), "ghz = -5: 0.1 to 20 is possible");
  says(replaced(good, "ghz 5.475", "ghz 5.475\nghz 5.475"), "ghz stands twice");
  says(replaced(good, "ghz 5.475\n", ""), "ghz is missing before it");
  says(good + "ghz 4\n", "something stands behind 'end'");
  // Cut off anywhere it is never taken for whole.
  for (std::size_t length = 0; length + 1 < good.size(); ++length)
    EXPECT_NE(refusal_of(good.substr(0, length)), "was not refused") << length;
}

TEST(MachineFiles, NumbersThatAreMissingOrImpossibleAreNotWritten) {
  std::vector<MachineNumber> some = numbers();
  some.pop_back();
  EXPECT_NE(refusal([&] { machine_file_text(some, ""); }).find("is missing"), std::string::npos);
  some = numbers();
  some[2].value = 0;
  EXPECT_NE(refusal([&] { machine_file_text(some, ""); }).find("is possible"), std::string::npos);
}

TEST(MachineFiles, AreAnOptionAndDecideWhatThePlannerSees) {
  test::TemporaryFolder folder;
  const std::string path = folder.file("m");
  std::ofstream(path) << good_file();
  Options options = Options::parse("machine=" + path);
  EXPECT_EQ(options.machine, path);
  const MachineReport report = machine_report(options);
  EXPECT_EQ(report.source, path);
  const planner::Machine zen4 = default_machine(report.isa, "zen4");
  EXPECT_NEAR(report.numbers.front().value, 1.5 * zen4.ghz, 1e-3);
  // Predictions follow: everything got 1.5 times as fast, and the clock as well.
  const char* line = "f32 nhwc ic=64 oc=64 i=16x16 k=4 s=2 p=1";
  options.machine = "table";
  EXPECT_EQ(machine_report(options).source, "table " + runtime::host().core);
  const double by_table = plan_report(line, options).candidates.front().predicted_us;
  options.machine = path;
  EXPECT_NE(plan_report(line, options).candidates.front().predicted_us, by_table);
  // Read once: what happens to the file later changes nothing in this process.
  std::filesystem::remove(path);
  EXPECT_EQ(machine_report(options).source, path);
  EXPECT_NO_THROW(ConvTranspose::create(line, options));
}

TEST(MachineFiles, ThatCannotBeReadAreRefusedByNameAndTriedAgain) {
  test::TemporaryFolder folder;
  Options options;
  options.machine = folder.file("later");
  const auto create = [&] { ConvTranspose::create("f32 nwc ic=1 oc=1 i=4 k=2", options); };
  EXPECT_NE(refusal(create).find("machine=" + options.machine + ": there is no such file"),
            std::string::npos);
  std::ofstream(options.machine) << good_file();
  EXPECT_NO_THROW(create());
  options.machine = folder.path();
  EXPECT_NE(refusal(create).find("there is no such file"), std::string::npos);
  options.machine = folder.file("large");
  std::ofstream(options.machine) << std::string(100'000, '#');
  EXPECT_NE(refusal(create).find("no machine file"), std::string::npos);
}

TEST(MachineFiles, WithoutTheIsaThatIsWantedAreRefused) {
  test::TemporaryFolder folder;
  Options options;
  options.machine = folder.file("narrow");
  options.isa = "avx512", options.backend = "interpreter";
  std::ofstream(options.machine) << machine_file_text(
      runtime::machine_numbers(default_machine("avx2")), "");
  EXPECT_NE(refusal([&] { machine_report(options); }).find("no numbers for isa avx512"),
            std::string::npos);
}

TEST(MachineFiles, ManyThreadsReadThemAtOnce) {
  test::TemporaryFolder folder;
  Options options;
  options.machine = folder.file("m");
  std::ofstream(options.machine) << good_file();
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      if (machine_report(options).source == options.machine) ++right;
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(right, 8);
}

}  // namespace
}  // namespace tconv

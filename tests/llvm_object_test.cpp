// LLVM's objects as a linker and another process see them: linked into a plain C program and run,
// also for AArch64 under qemu. Bit for bit the interpreter.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "ir/interpret.h"
#include "ir/verify.h"
#include "jit/backend.h"
#include "planner/planner.h"
#include "tests/support/backend_check.h"
#include "tests/support/random_values.h"
#include "tests/support/spawn.h"
#include "tests/support/temporary_folder.h"

namespace tconv::tests {
namespace {

// Ranks 1 to 3, both layouts, all types, groups, dilation, huge strides, post-ops, tails.
const char* const kLines[] = {
    "f32 nhwc ic=9 oc=21 i=5x6 k=4 s=2 p=1 bias relu",
    "f32 nchw ic=7 oc=10 i=6x5 k=4 s=2 p=1 bias gelu",
    "f32 nwc ic=5 oc=17 i=23 k=5 s=2 p=1 bias tanh",
    "f32 ncw ic=4 oc=3 i=30 k=7 s=3 d=2 p=2",
    "f32 ndhwc ic=3 oc=6 i=3x4x5 k=3 s=2 p=1 bias",
    "f32 ncdhw ic=4 oc=5 i=3x4x3 k=4x3x2 s=2x1x2 p=1x1x0 bias sigmoid",
    "f32 nhwc g=12 ic=12 oc=12 i=6x7 k=4 s=2 p=1",
    "f32 nhwc g=3 ic=12 oc=15 i=4x5 k=3 s=1 d=2 p=1 bias",
    "f32 nwc ic=2 oc=1 i=4 k=128 s=32 p=48",
    "f32 nhwc n=8 ic=6 oc=16 i=2x2 k=4 s=2 p=1 bias",
    "f32 nhwc ic=16 oc=16 i=10x10 k=3 s=1 p=1 bias elu=0.7",
    "f32 nhwc ic=9 oc=16 i=16x15 k=4 s=2 p=1 bias",
    "f32 nwc ic=8 oc=17 i=64 k=4 s=2 p=1 bias relu",
    "f64 nhwc ic=5 oc=9 i=5x4 k=4 s=2 p=1 bias exp",
    "f64 nchw ic=3 oc=4 i=4x6 k=3 s=2 p=1",
    "f16 nhwc ic=6 oc=11 i=5x5 k=4 s=2 p=1 bias relu",
    "f16 nchw ic=5 oc=6 i=4x7 k=3 s=2",
    "bf16 nhwc ic=6 oc=13 i=5x4 k=4 s=2 p=1 bias",
    "bf16 nwc ic=3 oc=4 i=19 k=4 s=2 p=1 tanh",
    "i32 nhwc ic=4 oc=7 i=5x4 k=3 s=2 p=1 bias",
    "f32 nhwc ic=6 oc=20 i=5x4 k=4 s=2 p=1 bias add prelu mul",
};

struct Machine {
  std::string target, triple, compiler, runner;
};

struct Job {
  std::string what;
  planner::Lowered lowered;
  std::vector<std::vector<std::string>> symbols;
  std::vector<test::Bytes> buffers;
};

// Reads all buffers from one file, runs every kernel of every job and writes them to another.
std::string driver(const std::vector<Job>& jobs) {
  std::string text =
      "#include <stdint.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
      "typedef void kernel(void* const*, const int64_t*, int64_t, int64_t, void*);\n";
  for (const Job& job : jobs)
    for (const auto& stage : job.symbols)
      for (const std::string& s : stage) text += "extern kernel " + s + ";\n";
  text +=
      "int main(int argc, char** argv) {\n  void* b[64];\n  FILE* in = fopen(argv[1], \"rb\");\n"
      "  FILE* out = fopen(argv[2], \"wb\");\n  if (argc != 3 || !in || !out) return 2;\n";
  for (const Job& job : jobs) {
    text += "  {\n";
    for (std::size_t i = 0; i < job.buffers.size(); ++i) {
      const std::string n = std::to_string(job.buffers[i].size()),
                        at = "b[" + std::to_string(i) + "]";
      text += "    " + at + " = aligned_alloc(64, (" + n + " + 127) / 64 * 64);\n    if (fread(" +
              at + ", 1, " + n + ", in) != " + n + ") return 3;\n";
    }
    const ir::Program& program = job.lowered.program;
    const std::string local = std::to_string(ir::local_bytes(program));
    text += "    void* local = aligned_alloc(64, (" + local +
            " + 127) / 64 * 64);\n    memset(local, 255, " + local + ");\n";
    for (std::size_t s = 0; s < program.stages.size(); ++s)
      for (std::size_t k = 0; k < program.stages[s].kernels.size(); ++k) {
        // In two calls: the second begins at a point that has to be decoded.
        const std::int64_t points = ir::grid_points(program, program.stages[s].kernels[k], nullptr);
        for (const auto& [from, to] :
             {std::pair{std::int64_t{0}, points / 3}, {points / 3, points}})
          text += "    " + job.symbols[s][k] + "(b, 0, " + std::to_string(from) + ", " +
                  std::to_string(to) + ", local);\n";
      }
    for (std::size_t i = 0; i < job.buffers.size(); ++i) {
      const std::string n = std::to_string(job.buffers[i].size());
      text += "    if (fwrite(b[" + std::to_string(i) + "], 1, " + n + ", out) != " + n +
              ") return 4;\n";
    }
    text += "  }\n";
  }
  return text + "  return fclose(out) != 0;\n}\n";
}

class LlvmLinked : public testing::TestWithParam<Machine> {
 protected:
  // env looks along the path, and ends with 127 where nothing is found.
  static constexpr const char* kEnv = "/usr/bin/env";
  static bool there(const std::string& program) {
    return test::spawn({kEnv, program, "--version"}).status == 0;
  }
};

TEST_P(LlvmLinked, ObjectsEqualTheInterpreter) {
  const Machine& m = GetParam();
  if (TCONV_WITH_LLVM == 0) GTEST_SKIP() << "this build has no LLVM (TCONV_LLVM=OFF)";
  if (!there(m.compiler)) GTEST_SKIP() << m.compiler << " is not installed";
  if (!m.runner.empty() && !there(m.runner)) GTEST_SKIP() << m.runner << " is not installed";
  std::string missing;
  if (m.runner.empty() && !jit::host_supports(m.target, &missing))
    GTEST_SKIP() << "this CPU has no " << missing;

  const test::TemporaryFolder folder;
  std::vector<Job> jobs;
  std::vector<std::string> link = {
      kEnv, m.compiler, "-O1", "-o", folder.file("program"), folder.file("driver.c")};
  if (!m.runner.empty()) link.emplace_back("-static");
  std::map<std::string, int> schedules;
  for (const char* line : kLines) {
    const planner::Problem problem = planner::parse_problem(line);
    std::set<planner::Schedule> seen;  // the best plan of every schedule
    for (const planner::Candidate& c :
         planner::enumerate(problem, planner::default_machine(m.target)).candidates) {
      if (!seen.insert(c.plan.schedule).second) continue;
      const std::string name = "p" + std::to_string(jobs.size());
      Job job{std::string(line) + " " + planner::print(c.plan),
              planner::lower(problem, c.plan, *ir::find_target(m.target)),
              {},
              {}};
      ir::verify_or_throw(job.lowered.program);
      jit::ObjectRequest request;
      request.program = &job.lowered.program;
      request.symbol = name, request.triple = m.triple;
      const jit::ObjectFile object = jit::object_llvm(request);
      job.symbols = object.symbols;
      job.buffers = test::random_buffers(job.lowered.program, {}, 5, true);
      std::ofstream(folder.file(name + ".o"), std::ios::binary) << object.bytes;
      link.push_back(folder.file(name + ".o"));
      ++schedules[planner::name(c.plan.schedule)];
      jobs.push_back(std::move(job));
    }
  }
  EXPECT_GE(jobs.size(), 30U);
  EXPECT_GE(schedules.size(), 4U);
  {
    std::ofstream(folder.file("driver.c")) << driver(jobs);
    std::ofstream in(folder.file("in"), std::ios::binary);
    for (const Job& job : jobs)
      for (const test::Bytes& b : job.buffers)
        in.write(reinterpret_cast<const char*>(b.data()), static_cast<std::streamsize>(b.size()));
  }
  const test::Finished linked = test::spawn(link);
  ASSERT_EQ(linked.status, 0) << linked.err;
  EXPECT_EQ(linked.err, "");
  std::vector<std::string> run = {folder.file("program"), folder.file("in"), folder.file("out")};
  if (!m.runner.empty()) run.insert(run.begin(), {kEnv, m.runner});
  const test::Finished ran = test::spawn(run);
  ASSERT_EQ(ran.status, 0) << ran.err;

  std::ifstream out(folder.file("out"), std::ios::binary);
  for (Job& job : jobs) {
    std::vector<void*> arguments;
    for (test::Bytes& b : job.buffers) arguments.push_back(b.data());
    ir::interpret(job.lowered.program, arguments.data(), nullptr);
    std::size_t slot = 0;
    for (const ir::Buffer& buffer : job.lowered.program.buffers) {
      if (buffer.kind == ir::BufferKind::local) continue;
      const test::Bytes& expected = job.buffers[slot++];
      test::Bytes actual(expected.size());
      out.read(reinterpret_cast<char*>(actual.data()), static_cast<std::streamsize>(actual.size()));
      ASSERT_EQ(out.gcount(), static_cast<std::streamsize>(actual.size()));
      EXPECT_EQ(test::first_difference(buffer, expected.data(), actual.data(), actual.size()), "")
          << job.what;
    }
  }
  std::printf("%zu programs of %zu problems:", jobs.size(), std::size(kLines));
  for (const auto& [schedule, count] : schedules) std::printf(" %s %d", schedule.c_str(), count);
  std::printf("\n");
}

INSTANTIATE_TEST_SUITE_P(Machines, LlvmLinked,
                         testing::Values(Machine{"neon128", "aarch64-linux-gnu",
                                                 "aarch64-linux-gnu-gcc", "qemu-aarch64"},
                                         Machine{"sse2", "x86_64-linux-gnu", "cc", ""},
                                         Machine{"avx512", "x86_64-linux-gnu", "cc", ""}),
                         [](const auto& machine) { return machine.param.target; });

}  // namespace
}  // namespace tconv::tests

// The LLVM backend beside what it shares with Xbyak (jit_ops_test, jit_random_test, plan_backend
// tests): names, memory, threads, objects, and that nobody pays who does not ask for it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

#include "ir/parse.h"
#include "ir/target.h"
#include "ir/verify.h"
#include "jit/backend.h"
#include "jit/perf_map.h"
#include "tests/support/backends.h"
#include "tests/support/cli.h"
#include "tests/support/random_values.h"

namespace tconv {
namespace {

std::string maps() {
  std::stringstream text;
  text << std::ifstream("/proc/self/maps").rdbuf();
  return text.str();
}

// Constants, loops with run-time bounds, masks, a perm, two kernels of one name.
ir::Program sample(const std::string& target, int lanes) {
  const std::string n = std::to_string(lanes);
  std::string order;
  for (int i = lanes; i-- > 0;) order += std::to_string(i) + (i > 0 ? "," : "");
  ir::Program program = ir::parse(
      "target " + target + "\nbuffer x : f32[6," + n + "] in\nbuffer h : f16[6," + n +
      "] in\nbuffer y : f32[6," + n + "] out\nbuffer b : bf16[6," + n +
      "] out\nstage {\n kernel k grid(p:6) {\n vec c\n c = mov 0.25\n"
      " for j in max(0, p-2)..min(6, p+2) {\n  vec a\n  a = mov load h[j,0]\n  c = mul c, a\n"
      "  c = add c, load x[j,0] lanes 1.." +
      n + "\n }\n c = perm c, c, [" + order +
      "]\n store y[p,0], c\n }\n}\nstage {\n kernel k grid(p:6) {\n vec a\n"
      " a = mov load x[p,0]\n a = div a, 3.0\n store b[p,0] lanes 0..3, a\n"
      " store b[p,0] lanes 3.." +
      n + ", a\n }\n}\n");
  ir::verify_or_throw(program);
  return program;
}

class Llvm : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const std::string missing = test::missing({"llvm", GetParam()});
    if (!missing.empty()) GTEST_SKIP() << "missing here: " << missing;
  }
  int lanes() const { return ir::find_target(GetParam())->lanes(ir::DType::f32); }
  ir::Program program() const { return sample(GetParam(), lanes()); }
};

TEST_P(Llvm, EqualsTheInterpreterAndNamesItsKernels) {
  const ir::Program p = program();
  jit::set_perf_map(true);
  const auto code = jit::compile_llvm(p, "tconv_test");
  jit::set_perf_map(false);
  EXPECT_EQ(code->stages()[0][0].name, "tconv_test_k");
  EXPECT_EQ(code->stages()[1][0].name, "tconv_test_k_2");
  std::stringstream text;
  const std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  text << std::ifstream(path).rdbuf();
  unlink(path.c_str());
  EXPECT_NE(text.str().find(" tconv_test_k_2::stage1\n"), std::string::npos) << text.str();
  for (std::uint32_t seed = 0; seed < 5; ++seed)
    EXPECT_EQ(test::difference_from_interpreter(p, *code, test::random_buffers(p, {}, seed, false),
                                                {}, seed),
              "");
}

TEST_P(Llvm, PagesAreNeverWritableAndExecutable) {
  const auto code = jit::compile_llvm(program());
  const auto kernel =
      reinterpret_cast<std::uintptr_t>(code->code().data() + code->stages()[0][0].offset);
  std::istringstream lines(maps());
  bool found = false;
  for (std::string line; std::getline(lines, line);) {
    std::uintptr_t first = 0, last = 0;
    char access[8] = {};
    ASSERT_EQ(std::sscanf(line.c_str(), "%lx-%lx %4s", &first, &last, access), 3);
    EXPECT_NE(std::string(access).substr(1, 2), "wx") << line;
    if (kernel < first || kernel >= last) continue;
    found = true;
    EXPECT_EQ(std::string(access), "r-xp");
  }
  EXPECT_TRUE(found);
}

TEST_P(Llvm, KernelsBeginWithEndbr64AndCanBeDisassembled) {
  const auto code = jit::compile_llvm(program());
  for (const auto& stage : code->stages())
    for (const jit::KernelCode& k : stage) {
      const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};
      EXPECT_EQ(std::memcmp(code->code().data() + k.offset, endbr64, 4), 0) << k.name;
      EXPECT_EQ(reinterpret_cast<const std::byte*>(k.function), code->code().data() + k.offset);
      EXPECT_LE(k.offset + k.bytes, code->code().size());
    }
  const std::string text = jit::disassemble(*code);
  EXPECT_NE(text.find("tconv_k_2:\n  endbr64\n"), std::string::npos) << text;
  EXPECT_NE(text.find("ret\n"), std::string::npos);
}

// Strictly: without -ffast-math's licence a product and a sum stay two operations.
TEST_P(Llvm, NothingIsContracted) {
  const auto code = jit::compile_llvm(program());
  EXPECT_EQ(jit::disassemble(*code).find("vfm"), std::string::npos);
}

TEST_P(Llvm, SameProgramSameBytesFromManyThreads) {
  const ir::Program p = program();
  jit::ObjectRequest request;
  request.program = &p;
  const std::string first = jit::object_llvm(request).bytes;
  std::vector<std::thread> threads;
  std::vector<int> equal(4, 0);
  for (std::size_t t = 0; t < equal.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5; ++i) {
        equal[t] += jit::object_llvm(request).bytes == first;
        const auto code = jit::compile_llvm(p);
        equal[t] += test::difference_from_interpreter(p, *code,
                                                      test::random_buffers(p, {}, 1, false), {}, 1)
                        .empty();
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(equal, std::vector<int>(4, 10));
}

// A compilation after a fork that another thread's compilation was in the middle of.
TEST_P(Llvm, TheChildOfAForkCompiles) {
  const ir::Program p = program();
  jit::compile_llvm(p);  // the part is there
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) jit::compile_llvm(p);
  });
  for (int i = 0; i < 5; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      alarm(60);
      const auto code = jit::compile_llvm(p);
      const bool same =
          test::difference_from_interpreter(p, *code, test::random_buffers(p, {}, 2, false), {}, 2)
              .empty();
      _exit(same ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  stop = true;
  busy.join();
}

INSTANTIATE_TEST_SUITE_P(Targets, Llvm, testing::Values("avx512", "avx2", "sse2"),
                         [](const auto& target) { return target.param; });

class LlvmObjects : public testing::Test {
 protected:
  void SetUp() override {
    if (TCONV_WITH_LLVM == 0) GTEST_SKIP() << "this build has no LLVM (TCONV_LLVM=OFF)";
  }
  static std::string refusal(const std::string& target, const std::string& triple,
                             const std::string& cpu) {
    const bool tiny = target == "tiny";
    ir::Program p =
        tiny ? sample("sse2", 4) : sample(target, ir::find_target(target)->lanes(ir::DType::f32));
    p.target = target;
    jit::ObjectRequest request;
    request.program = &p;
    request.triple = triple, request.cpu = cpu;
    try {
      jit::object_llvm(request);
    } catch (const jit::CompileError& e) {
      return e.what();
    }
    return "was not refused";
  }
  static void says(const std::string& what, const std::string& words) {
    EXPECT_NE(what.find(words), std::string::npos) << "said: " << what;
  }
};

TEST_F(LlvmObjects, UnknownTriplesAndCpusAreNamed) {
  says(refusal("avx2", "z80-linux-gnu", ""), "triple z80-linux-gnu is unknown");
  says(refusal("avx2", "aarch64-linux-gnu", ""),
       "target avx2 needs a triple of x86_64, not aarch64");
  says(refusal("neon128", "x86_64-linux-gnu", ""), "target neon128 needs a triple of aarch64");
  says(refusal("avx2", "x86_64-apple-macosx", ""), "no ELF objects");
  says(refusal("avx2", "x86_64-linux-gnu", "z80"), "cpu=z80 is unknown");
  says(refusal("neon128", "aarch64-linux-gnu", "znver4"), "cpu=znver4 is unknown");
  says(refusal("tiny", "", ""), "target \"tiny\"");
}

TEST_F(LlvmObjects, OfEveryTargetAreElfOfItsMachine) {
  for (const auto& [target, triple, cpu, machine] :
       {std::tuple{"avx512", "x86_64-linux-gnu", "znver4", 62},
        std::tuple{"avx2", "x86_64-linux-gnu", "haswell", 62}, std::tuple{"sse2", "", "", 62},
        std::tuple{"neon128", "aarch64-linux-gnu", "neoverse-n1", 183},
        std::tuple{"neon128", "", "", 183}}) {
    const ir::Program p = sample(target, ir::find_target(target)->lanes(ir::DType::f32));
    jit::ObjectRequest request;
    request.program = &p;
    request.symbol = "made";
    request.triple = triple, request.cpu = cpu;
    const jit::ObjectFile object = jit::object_llvm(request);
    ASSERT_GT(object.bytes.size(), 64U);
    EXPECT_EQ(object.bytes.substr(0, 4),
              "\x7f"
              "ELF");
    EXPECT_EQ(static_cast<unsigned char>(object.bytes[18]), machine);
    EXPECT_EQ(object.symbols[1][0], "made_k_2");
    EXPECT_NE(object.bytes.find("made_k_2"), std::string::npos);
    EXPECT_GT(object.code_bytes, 100U);
    EXPECT_LT(object.code_bytes, object.bytes.size());
  }
}

// ---- who does not ask for LLVM does not have it

TEST(WithoutLlvm, NothingOfItIsMappedUntilItIsAskedFor) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {  // another test may have opened the part here: a process of its own
    execl("/proc/self/exe", "llvm_test", "--gtest_filter=WithoutLlvm.DISABLED_Maps",
          "--gtest_also_run_disabled_tests", nullptr);
    _exit(99);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(WithoutLlvm, DISABLED_Maps) {
  EXPECT_EQ(maps().find("LLVM"), std::string::npos);
  const ir::Program p = sample("avx2", 8);
  if (jit::host_supports("avx2")) {
    jit::compile_xbyak(p);
    EXPECT_EQ(maps().find("LLVM"), std::string::npos);
    EXPECT_EQ(maps().find("tconv_llvm"), std::string::npos);
  }
  if (TCONV_WITH_LLVM == 0) return;
  jit::compile_llvm(sample("sse2", 4));
  EXPECT_NE(maps().find("LLVM"), std::string::npos);
}

}  // namespace
}  // namespace tconv

// The example programs through the emitters, and what backend.h promises.
#include <execinfo.h>
#include <gtest/gtest.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xmmintrin.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <sstream>
#include <thread>

#include "ir/builder.h"
#include "ir/parse.h"
#include "jit/backend.h"
#include "jit/perf_map.h"
#include "tests/support/backend_check.h"
#include "tests/support/example_programs.h"
#include "tests/support/guarded_buffer.h"
#include "tests/support/random_values.h"

namespace tconv {
namespace {

class JitExamples : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::string missing;
    if (!jit::host_supports("avx512", &missing)) GTEST_SKIP() << "this CPU has no " << missing;
  }
};

TEST_P(JitExamples, EqualTheInterpreterBetweenGuardPages) {
  test::ExampleProgram e = test::load_example(GetParam());
  const auto arguments = test::arguments(e);
  std::vector<test::Bytes> buffers;
  for (const auto& b : e.buffers) {
    const auto* first = reinterpret_cast<const std::byte*>(b.data());
    buffers.emplace_back(first, first + b.size() * sizeof(float));
  }
  EXPECT_EQ(test::difference_from_interpreter(e.program, buffers, {}, 1), "");
}

INSTANTIATE_TEST_SUITE_P(All, JitExamples, testing::ValuesIn(test::example_names()),
                         [](const auto& example) { return example.param; });

class Jit : public testing::Test {
 protected:
  void SetUp() override {
    std::string missing;
    if (!jit::host_supports("avx2", &missing)) GTEST_SKIP() << "this CPU has no " << missing;
  }
  static ir::Program doubled() {  // y = x + x, twice
    return ir::parse(
        "target avx2\nbuffer x : f32[4,8] in\nbuffer y : f32[4,8] out\n"
        "stage {\n kernel k grid(p:4) {\n vec a\n a = mov load x[p,0]\n a = add a, a\n"
        " store y[p,0], a\n }\n}\n"
        "stage {\n kernel k grid(p:4) {\n vec a\n a = mov load x[p,0]\n a = mul a, 2.0\n"
        " store y[p,0], a\n }\n}\n");
  }
};

// Guards of one variable and of several, with constants of unrolls and of short loops on both sides
// of them; those that always or never hold; loops that begin or end where a variable is.
TEST_F(Jit, GuardsAndRunTimeLoopsEqualTheInterpreter) {
  const ir::Program program = ir::parse(R"(target avx2
buffer x : f32[8,8] in
buffer z : f32[8,8] in
buffer y : f32[8,9,6,8] out
stage {
  kernel k grid(p:8) {
    for i in 0..9 {
      unroll u in 0..6 {
        vec a
        a = mov load x[p,0]
        if 5+2*u-3*p-i >= 0 {
          a = add a, 1.0
        }
        if 3*p-7 >= 0, 9-2*i >= 0 {
          a = mul a, 3.0
        }
        if p+i-u-20 >= 0 {
          a = add a, 100.0
        }
        if 8*i+4 >= 0, p+i >= 0 {
          a = add a, 0.5
        }
        for j in 0..3 {
          if 4*p+i-3*j-2*u-9 >= 0, 14+3*j-2*p-i >= 0 {
            a = add a, load x[p,0]
          }
        }
        for r in 2..min(6, p+1) {
          a = fma a, 0.25, load z[r,0]
          if 2*r-p-3 >= 0 {
            a = add a, load z[r,0]
          }
        }
        for q in max(0, p-3)..min(8, p+2) {
          a = add a, load z[q,0]
        }
        store y[p,i,u,0], a
      }
    }
  }
}
)");
  EXPECT_EQ(
      test::difference_from_interpreter(program, test::random_buffers(program, {}, 3, true), {}, 1),
      "");
}

TEST_F(Jit, NamesAreUniqueAndShowInThePerfMap) {
  jit::set_perf_map(true);
  const auto code = jit::compile_xbyak(doubled(), "tconv_test");
  jit::set_perf_map(false);
  EXPECT_EQ(code->stages()[0][0].name, "tconv_test_k");
  EXPECT_EQ(code->stages()[1][0].name, "tconv_test_k_2");
  const std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  unlink(path.c_str());
  EXPECT_NE(text.str().find(" tconv_test_k_2::stage1\n"), std::string::npos) << text.str();
}

TEST_F(Jit, PagesAreNeverWritableAndExecutable) {
  const auto code = jit::compile_xbyak(doubled());
  const auto at = reinterpret_cast<std::uintptr_t>(code->code().data());
  std::ifstream maps("/proc/self/maps");
  bool found = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t first = 0, last = 0;
    char access[8] = {};
    ASSERT_EQ(std::sscanf(line.c_str(), "%lx-%lx %4s", &first, &last, access), 3);
    EXPECT_NE(std::string(access).substr(1, 2), "wx") << line;
    if (at < first || at >= last) continue;
    found = true;
    EXPECT_EQ(std::string(access), "r-xp");
  }
  EXPECT_TRUE(found);
}

TEST_F(Jit, CodeRunsAtAnotherAddress) {
  const auto code = jit::compile_xbyak(doubled());
  const std::size_t bytes = code->code().size();
  void* copy = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(copy, MAP_FAILED);
  std::memcpy(copy, code->code().data(), bytes);
  ASSERT_EQ(mprotect(copy, bytes, PROT_READ | PROT_EXEC), 0);
  const auto& kernel = code->stages()[1][0];  // the one with a constant
  const auto function = reinterpret_cast<ir::KernelFn>(static_cast<char*>(copy) + kernel.offset);
  std::vector<float> x(32, 1.5F), y(32, 0);
  void* buffers[] = {x.data(), y.data()};
  function(buffers, nullptr, 0, 4, nullptr);
  EXPECT_EQ(y, std::vector<float>(32, 3.0F));
  munmap(copy, bytes);
}

// Immediates have 32 bits.
TEST_F(Jit, LoopsCountBeyond32Bits) {
  for (const char* target : {"avx512", "avx2"}) {
    if (!jit::host_supports(target)) continue;
    const ir::Program program = ir::parse(
        std::string("target ") + target +
        "\nbuffer y : f32[4,16] out\nstage {\n kernel k grid(p:1) {\n"
        "  for v in 2147483646..2147483650 {\n   vec a\n   a = mov 1.0\n"
        "   if v-2147483648 >= 0 { a = mov 3.0 }\n   store y[v-2147483646,0], a\n  }\n }\n}\n");
    EXPECT_EQ(test::difference_from_interpreter(program, {test::Bytes(4 * 16 * 4)}, {}, 1), "");
  }
}

TEST_F(Jit, SameProgramSameBytesFromManyThreads) {
  const ir::Program program = doubled();
  const auto first = jit::compile_xbyak(program);
  std::vector<std::thread> threads;
  std::vector<int> equal(4, 0);
  for (std::size_t t = 0; t < equal.size(); ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        const auto again = jit::compile_xbyak(program);
        equal[t] += std::ranges::equal(first->code(), again->code());
      }
    });
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(equal, std::vector<int>(4, 50));
}

TEST_F(Jit, RoundingModeIsTheCallers) {
  const auto code = jit::compile_xbyak(ir::parse(
      "target avx2\nbuffer x : f32[8] in\nbuffer y : f32[8] out\nstage {\n kernel k grid(p:1) {\n"
      " vec a\n a = mov load x[0]\n a = mul a, 0.5\n store y[0], a\n }\n}\n"));
  std::vector<float> x(8, 0x1.8p-126F), y(8, 1);
  void* buffers[] = {x.data(), y.data()};
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);  // flush to zero, denormals are zero
  code->stages()[0][0].function(buffers, nullptr, 0, 1, nullptr);
  const unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_EQ(y[0], 0);
  EXPECT_EQ(after & ~0x3fU, (before | 0x8040) & ~0x3fU);
}

TEST_F(Jit, UnknownInstructionSetsAndTooManyViewsAreNamed) {
  ir::Program program = doubled();
  program.target = "tiny";
  try {
    jit::compile_xbyak(program);
    FAIL();
  } catch (const jit::CompileError& e) {
    EXPECT_NE(std::string(e.what()).find("tiny"), std::string::npos) << e.what();
  }
  std::string buffers, loads;
  for (int i = 0; i < 25; ++i) {
    buffers += "buffer b" + std::to_string(i) + " : f32[8] in\n";
    loads += " a = mov load b" + std::to_string(i) + "[0]\n";
  }
  try {
    jit::compile_xbyak(ir::parse("target avx2\n" + buffers +
                                 "stage {\n kernel many grid(p:1) {\n vec a\n" + loads +
                                 " }\n}\n"));
    FAIL();
  } catch (const jit::CompileError& e) {
    EXPECT_STREQ(e.what(), "kernel many uses 25 views; target avx2 has 24 pointers");
  }
}

// ---- backtraces

sigjmp_buf after_fault;
void* frames[64];
int frame_count;

void on_fault(int) {
  frame_count = backtrace(frames, 64);
  siglongjmp(after_fault, 1);
}

TEST_F(Jit, BacktracesPassThroughKernels) {
  const auto code = jit::compile_xbyak(doubled());
  test::GuardedBuffer short_buffer(64, test::GuardedBuffer::Flush::end);
  std::vector<float> y(32);
  void* buffers[] = {short_buffer.data(), y.data()};
  void* warm[2];
  backtrace(warm, 2);  // loads the unwinder outside the handler
  struct sigaction action {
  }, before{};
  action.sa_handler = on_fault;
  sigaction(SIGSEGV, &action, &before);
  if (sigsetjmp(after_fault, 1) == 0) {
    code->stages()[0][0].function(buffers, nullptr, 0, 4, nullptr);
    ADD_FAILURE() << "the guard page did not fault";
  }
  sigaction(SIGSEGV, &before, nullptr);
  const auto in_kernel = [&](void* at) {
    return at >= code->code().data() && at < code->code().data() + code->code().size();
  };
  const auto kernel = std::find_if(frames, frames + frame_count, in_kernel);
  // Below the kernel: this test, then what called it.
  EXPECT_GT(frames + frame_count - kernel, 4);
}

}  // namespace
}  // namespace tconv

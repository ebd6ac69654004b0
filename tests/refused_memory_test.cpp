// Where the system refuses executable memory: an error that names the way out, nothing kept, every
// fallback counted. In children, since a seccomp filter cannot be taken back.
#include <errno.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "tconv/inspect.hpp"
#include "tconv/tconv.hpp"

namespace tconv {
namespace {

constexpr int kNoSeccomp = 77;
constexpr const char* kLine = "f32 nhwc ic=5 oc=9 i=6x7 k=4 s=2 p=1 bias relu";

bool refuse_executable_memory() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program{sizeof code / sizeof code[0], code};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// `body` returns what is wrong, or nothing.
template <class Body>
void expect_in_refusing_child(const Body& body) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (!refuse_executable_memory()) _exit(kNoSeccomp);
    const std::string wrong = body();
    if (!wrong.empty()) std::fprintf(stderr, "%s\n", wrong.c_str());
    _exit(wrong.empty() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == kNoSeccomp) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(RefusedMemory, IsAnErrorThatIsNotKept) {
  if (host_info().isas.empty()) GTEST_SKIP() << "this CPU runs nothing";
  expect_in_refusing_child([]() -> std::string {
    for (int i = 0; i < 2; ++i) {
      try {
        ConvTranspose::create(kLine);
        return "created without executable memory";
      } catch (const Error& e) {
        const std::string what = e.what();
        if (e.status() != Status::unsupported) return "another status: " + what;
        if (what.find("tconv aot") == std::string::npos) return "names no way out: " + what;
      }
    }
    const KernelCacheCounters c = kernel_cache_counters();
    return c.entries == 0 && c.compiles == 0 && c.misses == 2 ? "" : "an error was kept";
  });
}

TEST(RefusedMemory, FallbacksAreCountedAndNotKept) {
  expect_in_refusing_child([]() -> std::string {
    const Options options = Options::parse("fallback=interpreter");
    for (int i = 1; i <= 2; ++i) {
      const ConvTranspose op = ConvTranspose::create(kLine, options);
      if (inspect(op).backend != "interpreter") return "not the interpreter";
      if (op.describe().find("fallback=") == std::string::npos) return op.describe();
      if (fallback_count() != i) return "not counted";
    }
    return kernel_cache_counters().entries == 0 ? "" : "a fallback was kept";
  });
}

TEST(RefusedMemory, OfLlvmIsTheSameError) {
  if (TCONV_WITH_LLVM == 0) GTEST_SKIP() << "this build has no LLVM (TCONV_LLVM=OFF)";
  expect_in_refusing_child([]() -> std::string {
    for (const char* options : {"backend=llvm isa=sse2", "backend=llvm isa=sse2", "isa=sse2"}) {
      try {
        ConvTranspose::create(kLine, Options::parse(options));
        return "created without executable memory";
      } catch (const Error& e) {
        const std::string what = e.what();
        if (e.status() != Status::unsupported) return "another status: " + what;
        if (what.find("refuses executable memory (mprotect: ") == std::string::npos ||
            what.find("tconv aot") == std::string::npos)
          return "says something else: " + what;
      }
    }
    if (fallback_count() != 1) return "one step is to be counted, from xbyak to llvm";
    const Options options = Options::parse("isa=sse2 fallback=interpreter");
    const ConvTranspose op = ConvTranspose::create(kLine, options);
    if (op.describe().find("; llvm: this system refuses") == std::string::npos)
      return op.describe();
    if (fallback_count() != 3) return "two steps more are to be counted";
    return kernel_cache_counters().entries == 0 ? "" : "something was kept";
  });
}

TEST(RefusedMemory, WhatWasMadeBeforeIsFoundAgain) {
  if (host_info().isas.empty()) GTEST_SKIP() << "this CPU has neither avx2 nor avx512";
  const ConvTranspose before = ConvTranspose::create(kLine);
  expect_in_refusing_child([&]() -> std::string {
    const ConvTranspose op = ConvTranspose::create(kLine);
    return &op.operation() == &before.operation() ? "" : "not found again";
  });
}

}  // namespace
}  // namespace tconv

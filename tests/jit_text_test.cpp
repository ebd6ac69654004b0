// The machine code of a few micro-kernels, as text: tests/filetests/{avx512,avx2}. What they show:
// inner loops of nothing but loads, broadcasts and FMAs, one addition per moving view, one counter.
// many_views: the coldest pointers are in the frame.
#include <gtest/gtest.h>

#include "ir/parse.h"
#include "ir/verify.h"
#include "jit/backend.h"
#include "tests/support/filetest.h"

namespace tconv {
namespace {

class JitText : public testing::TestWithParam<std::string> {};

TEST_P(JitText, IsAsExpected) {
  const std::string& target = GetParam();
  std::string missing;
  if (!jit::host_supports(target, &missing)) GTEST_SKIP() << "this CPU has no " << missing;
  for (const std::string& name : test::filetest_names(target)) {
    const ir::Program program = ir::parse(test::filetest_input(target, name));
    ASSERT_NO_THROW(ir::verify_or_throw(program)) << name;
    test::expect_filetest(target, name, jit::disassemble(*jit::compile_xbyak(program, "test")));
  }
}

INSTANTIATE_TEST_SUITE_P(All, JitText, testing::Values("avx512", "avx2"),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace tconv

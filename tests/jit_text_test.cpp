// The machine code of a few micro-kernels, as text: tests/filetests/{avx512,avx2,avx512fp16}. What
// they show: inner loops of nothing but loads, broadcasts and FMAs, one addition per moving view,
// one counter. many_views: the coldest pointers are in the frame.
#include <gtest/gtest.h>

#include "ir/parse.h"
#include "ir/verify.h"
#include "jit/backend.h"
#include "jit/emit_program.h"
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

// Emitted and never run: no host needs the instructions for it.
class Emitted final : public jit::CompiledProgram {
 public:
  Emitted(const ir::Program& program, jit::Extensions extensions) {
    jit::EmittedProgram emitted = jit::emit_program(program, "test", extensions);
    bytes_.assign(emitted.bytes.begin(), emitted.bytes.end());
    code_ = bytes_;
    stages_ = std::move(emitted.stages);
  }

 private:
  std::vector<std::byte> bytes_;
};

TEST(JitTextOfHalves, IsAsExpected) {
  for (const std::string& name : test::filetest_names("avx512fp16")) {
    const ir::Program program = ir::parse(test::filetest_input("avx512fp16", name));
    ASSERT_NO_THROW(ir::verify_or_throw(program)) << name;
    const std::string text = jit::disassemble(Emitted(program, {.fp16 = true}));
    for (const char* word : {"vfmadd231ph", "vmaxph", "vminph", "vaddph", "{1to32}"})
      EXPECT_NE(text.find(word), std::string::npos) << word;
    EXPECT_EQ(text.find("vcvtph2ps"), std::string::npos);
    test::expect_filetest("avx512fp16", name, text);
    EXPECT_THROW(Emitted(program, {.bf16 = true}), jit::CompileError);
  }
}

INSTANTIATE_TEST_SUITE_P(All, JitText, testing::Values("avx512", "avx2"),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace tconv

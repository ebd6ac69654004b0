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
  std::string all;
  for (const std::string& name : test::filetest_names("avx512fp16")) {
    const ir::Program program = ir::parse(test::filetest_input("avx512fp16", name));
    ASSERT_NO_THROW(ir::verify_or_throw(program)) << name;
    const std::string text = jit::disassemble(Emitted(program, {.fp16 = true}));
    test::expect_filetest("avx512fp16", name, text);
    EXPECT_THROW(Emitted(program, {.bf16 = true}), jit::CompileError);
    all += text;
  }
  for (const char* word : {"vfmadd132ph", "vfmadd213ph", "vfmadd231ph", "vaddph", "vsubph",
                           "vmulph", "vmaxph", "vminph", "vpbroadcastw", "{1to32}", "kmovd"})
    EXPECT_NE(all.find(word), std::string::npos) << word;
  for (const char* word : {"231ps", "cvt"}) EXPECT_EQ(all.find(word), std::string::npos) << word;
}

INSTANTIATE_TEST_SUITE_P(All, JitText, testing::Values("avx512", "avx2"),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace tconv

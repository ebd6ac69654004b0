// Random programs through the emitters: bit for bit what the interpreter says, and no byte outside.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "ir/print.h"
#include "ir/target.h"
#include "ir/verify.h"
#include "tests/support/backends.h"
#include "tests/support/random_ir.h"
#include "tests/support/random_values.h"
#include "tests/support/sanitizer.h"

namespace tconv {
namespace {

class JitRandom : public testing::TestWithParam<test::BackendTarget> {
 protected:
  void check(int views);
  std::string target_ = GetParam().target;
  int widest_ = 0;  // views of a kernel
};

// TCONV_RANDOM_PROGRAMS says how many, TCONV_RANDOM_SEED which one is the first.
std::uint32_t setting(const char* name, std::uint32_t otherwise) {
  const char* text = std::getenv(name);
  return text ? static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10)) : otherwise;
}

void JitRandom::check(int views) {
  const std::string missing = test::missing(GetParam());
  if (!missing.empty()) GTEST_SKIP() << "missing here: " << missing;
  const std::uint32_t first = setting("TCONV_RANDOM_SEED", 1);
  // LLVM takes a hundred times as long to compile one.
  const std::uint32_t some = GetParam().backend == "llvm" ? 30U : 400U;
  const std::uint32_t count = setting("TCONV_RANDOM_PROGRAMS", tests::fewer(some));
  for (std::uint32_t seed = first; seed < first + count; ++seed) {
    const test::RandomProgram r = test::random_program(target_, seed, views);
    widest_ = std::max(widest_, r.views);
    ASSERT_NO_THROW(ir::verify_or_throw(r.program)) << "seed " << seed;
    const auto code = test::compile(GetParam().backend, r.program);
    for (const auto& params : r.params)
      ASSERT_EQ(
          test::difference_from_interpreter(
              r.program, *code, test::random_buffers(r.program, params, seed, true), params, seed),
          "")
          << "seed " << seed << '\n'
          << ir::print(r.program);
  }
}

TEST_P(JitRandom, ProgramsEqualTheInterpreterBetweenGuardPages) { check(test::kFewViews); }

// Pointers in the frame: as many views as the target allows.
TEST_P(JitRandom, MoreViewsThanRegistersForPointers) {
  const int pointers = ir::find_target(target_)->pointers;
  check(pointers);
  if (IsSkipped() || HasFatalFailure() || tests::kFewer > 1) return;
  if (GetParam().backend == "llvm") return;  // the same programs as Xbyak's, not all of them
  EXPECT_EQ(widest_, pointers);
}

INSTANTIATE_TEST_SUITE_P(All, JitRandom, testing::ValuesIn(test::backend_targets()),
                         [](const auto& which) { return which.param.name(); });

}  // namespace
}  // namespace tconv

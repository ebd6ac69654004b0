// verify: each kind of fault at its line, and what only a builder can get wrong.
#include "ir/verify.h"

#include <gtest/gtest.h>

#include <chrono>
#include <sstream>

#include "ir/builder.h"
#include "ir/parse.h"
#include "ir/print.h"
#include "tests/support/example_programs.h"
#include "tests/support/filetest.h"

namespace tconv::ir {
namespace {

std::string text_of(const std::vector<Fault>& faults) {
  std::string text;
  for (const Fault& f : faults) text += std::to_string(f.line) + ": " + f.what + "\n";
  return text.empty() ? "verified\n" : text;
}

TEST(Verify, AcceptsTheExamples) {
  for (const std::string& name : test::example_names())
    EXPECT_EQ(text_of(verify(parse(test::example_text(name)))), "verified\n") << name;
}

TEST(Verify, Filetests) {
  for (const std::string& name : test::filetest_names("verify"))
    test::expect_filetest("verify", name,
                          text_of(verify(parse(test::filetest_input("verify", name)))));
}

TEST(Verify, LinesOfBuiltProgramsAreThoseOfTheirText) {
  Builder b(*find_target("tiny"));
  const ViewId y = b.buffer("y", DType::f32, {8}, BufferKind::out);
  b.stage([&] {
    b.kernel("k", {{"g", 2}}, [&](std::span<const Affine> g) {
      const Reg r = b.vec("r");
      b.mov(r(), f32(0));
      b.store({y, {4 * g[0] + 1}}, r());
    });
  });
  const std::vector<Fault> faults = verify(b.program());
  ASSERT_EQ(faults.size(), 1U);
  std::istringstream text(print(b.program()));
  std::string line;
  for (int i = 0; i < faults[0].line; ++i) std::getline(text, line);
  EXPECT_EQ(line, "    store y[4*g+1], r");
  try {
    verify_or_throw(b.program());
    ADD_FAILURE() << "did not throw";
  } catch (const std::logic_error& e) {
    EXPECT_NE(std::string(e.what()).find("store y[4*g+1], r"), std::string::npos) << e.what();
  }
}

TEST(Verify, TwentyFourViewsAndNoMore) {
  for (const int count : {24, 25}) {
    Builder b(*find_target("avx512"));
    std::vector<ViewId> views;
    for (int i = 0; i < count; ++i)
      views.push_back(b.buffer("b" + std::to_string(i), DType::f32, {16}, BufferKind::in));
    b.stage([&] {
      b.kernel("k", {{"g", 1}}, [&](std::span<const Affine>) {
        const Reg r = b.vec("r");
        for (const ViewId v : views) b.mov(r(), load({v, {0}}));
      });
    });
    const std::vector<Fault> faults = verify(b.program());
    ASSERT_EQ(faults.size(), count == 24 ? 0U : 1U) << text_of(faults);
    if (count == 25) {
      EXPECT_EQ(faults[0].what,
                "b24 is one more than the 24 views that a kernel can use on avx512");
    }
  }
}

// A program that no text can give: ids out of their scope or range.
class Broken : public testing::Test {
 protected:
  Program program = parse(
      "target tiny\nbuffer x : f32[8] in\nbuffer y : f32[8] out\nstage { kernel k grid(g:2) {\n"
      "vec r\nr = mov load x[4*g]\nfor i in 0..2 { unroll u in 0..2 { vec s s = mov r } }\n"
      "store y[4*g], r\n} }\n");
  Block& body() { return program.stages[0].kernels[0].body; }
  void expect(int line, const std::string& part) {
    const std::vector<Fault> faults = verify(program);
    ASSERT_FALSE(faults.empty());
    EXPECT_EQ(faults[0].line, line) << text_of(faults);
    EXPECT_NE(faults[0].what.find(part), std::string::npos) << text_of(faults);
  }
};

TEST_F(Broken, IsRight) { EXPECT_EQ(text_of(verify(program)), "verified\n"); }
TEST_F(Broken, VariableOutOfScope) {
  std::get<Store>(body()[3].node).mem.index[0] = Affine::var(1);
  expect(8, "variable i is not in scope");
}
TEST_F(Broken, VariableThatDoesNotExist) {
  std::get<Store>(body()[3].node).mem.index[0] = Affine::var(99);
  expect(8, "variable 99 is not in scope");
}
TEST_F(Broken, RegisterOutOfScope) {
  std::get<Store>(body()[3].node).value.reg = 1;
  expect(8, "not in scope");
}
TEST_F(Broken, RegisterThatDoesNotExist) {
  std::get<Assign>(body()[1].node).dst.reg = 99;
  expect(6, "not in scope");
}
TEST_F(Broken, ViewThatDoesNotExist) {
  std::get<Store>(body()[3].node).mem.view = 99;
  expect(8, "no such view");
}
TEST_F(Broken, BufferThatDoesNotExist) {
  program.views[1].buffer = 99;
  expect(3, "a view of no buffer");
}
TEST_F(Broken, ViewThatIsNotItsBuffer) {
  program.views[1].dims = {Affine(16)};
  expect(3, "differs from its buffer");
}
TEST_F(Broken, VariableOfTwoLoops) {
  body().push_back(body()[2]);
  expect(7, "without a variable of its own");
}
TEST_F(Broken, VariableOfAnotherKind) {
  program.vars[2].kind = VarKind::loop;
  expect(7, "without a variable of its own");
}
TEST_F(Broken, RegisterOfTwoDeclarations) {
  body().push_back(body()[0]);
  expect(5, "without a register of its own");
}
TEST_F(Broken, RegisterOfNoSize) {
  program.regs[0].dims = {0};
  expect(5, "dimensions are 1..1000");
}
TEST_F(Broken, TooFewOperands) {
  std::get<Assign>(body()[1].node).operands.clear();
  expect(6, "operands");
}
TEST_F(Broken, LanesOfAnOpThatHasNone) {
  std::get<Assign>(body()[1].node).lanes = {0, 1, 2, 3};
  expect(6, "lane numbers");
}
TEST_F(Broken, LoopWithoutBounds) {
  std::get<For>(body()[2].node).lo.clear();
  expect(7, "a loop without bounds");
}
TEST_F(Broken, ConstantWiderThanItsLane) {
  std::get<Assign>(body()[1].node).operands[0] = Const{std::uint64_t{1} << 32};
  expect(6, "more bits than a lane");
}

TEST(Verify, TimeOfTheExamples) {
  for (const std::string& name : test::example_names()) {
    const Program program = parse(test::example_text(name));
    constexpr int kRounds = 200;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRounds; ++i) EXPECT_TRUE(verify(program).empty());
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
    std::printf("%s: %.1f us\n", name.c_str(), time.count() / kRounds);
  }
}

}  // namespace
}  // namespace tconv::ir

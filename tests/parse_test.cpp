// The text form: what is printed reads back equal, and errors say where and what.
#include "ir/parse.h"

#include <gtest/gtest.h>

#include "ir/builder.h"
#include "ir/print.h"
#include "tests/support/example_programs.h"
#include "tests/support/filetest.h"

namespace tconv::ir {
namespace {

// Lines of all statements, in order.
void lines_of(const Block& block, std::vector<int>& lines) {
  for (const Stmt& s : block) {
    lines.push_back(s.line);
    if (const auto* f = std::get_if<For>(&s.node)) lines_of(f->body, lines);
    if (const auto* u = std::get_if<Unroll>(&s.node)) lines_of(u->body, lines);
    if (const auto* i = std::get_if<If>(&s.node)) lines_of(i->body, lines);
  }
}
std::vector<int> lines_of(const Program& program) {
  std::vector<int> lines;
  for (const Param& p : program.params) lines.push_back(p.line);
  for (const View& v : program.views) lines.push_back(v.line);
  for (const Stage& s : program.stages)
    for (const Kernel& k : s.kernels) {
      lines.push_back(k.line);
      lines_of(k.body, lines);
    }
  return lines;
}

void expect_round_trip(Program program) {
  const std::string text = print(program);
  const Program again = parse(text);
  EXPECT_EQ(again, program) << text;
  EXPECT_EQ(print(again), text);
  number_lines(program);
  EXPECT_EQ(lines_of(again), lines_of(program)) << text;
}

TEST(Parse, ExamplesReadBack) {
  for (const std::string& name : test::example_names())
    expect_round_trip(parse(test::example_text(name)));
}

TEST(Parse, Filetests) {
  for (const std::string& name : test::filetest_names("parse")) {
    std::string result;
    try {
      const Program program = parse(test::filetest_input("parse", name));
      expect_round_trip(program);
      result = print(program);
    } catch (const ParseError& e) {
      result = std::string(e.what()) + "\n";
    }
    test::expect_filetest("parse", name, result);
  }
}

// Loops that are written without a loop leave no trace in the numbering of the variables.
TEST(Parse, BuiltProgramsReadBack) {
  Builder b(*find_target("avx512"));
  const Affine n = b.param("n", 1, 8);
  const ViewId y = b.buffer("y", DType::f32, {n, 64}, BufferKind::out);
  const ViewId t = b.buffer("t", DType::f32, {64}, BufferKind::local);
  const ViewId v = b.view("v", t, 16, DType::f32, {48});
  const auto body = [&](std::span<const Affine> g) {
    b.loop("once", 3, 4, [&](const Affine& three) {
      b.loop("i", 0, 2, [&](const Affine& i) {
        const Reg r = b.vec("r", {2});
        b.unroll("j", 1, 2, [&](const Affine& one) {
          b.unroll("k", 0, 2, [&](const Affine& k) {
            b.mov(r(k), f32(0.1F));
            b.when({i - k, three - one}, [&] { b.store({y, {g[0], 16 * i + one}}, r(k)); });
          });
        });
        b.loop("k", {0, i}, {2, 3 - i}, [&](const Affine& k) {
          const Reg inner = b.vec("r");
          b.mov(inner(), load({v, {k}}, {1, 3}));
        });
      });
      b.unroll("inside", 0, 1, [&](const Affine&) {
        const Reg r = b.vec("r");
        b.mov(r(), f32(-0.0F));
      });
    });
  };
  b.stage([&] {
    b.kernel("a", {{"g", n}, {"h", 1}}, body);
    b.kernel("b", {{"g", n}}, body);
  });
  expect_round_trip(b.take());
}

TEST(Parse, EveryFloatReadsBack) {
  Builder b(*find_target("avx512"));
  b.stage([&] {
    b.kernel("k", {}, [&](std::span<const Affine>) {
      const Reg r = b.vec("r"), wide = b.vec("w", {}, DType::f64);
      for (std::uint32_t pattern : test::special_f32_bits()) {
        b.mov(r(), bits(pattern));
        b.mov(wide(), bits(std::uint64_t{pattern} << 32 | 1));
        b.op(Op::and_, r(), r(), bits(pattern));
      }
    });
  });
  expect_round_trip(b.take());
}

TEST(Print, AffineFormsBeginWithWhatIsPositive) {
  Program p;
  for (const char* name : {"a", "b", "c"}) p.vars.push_back({name, VarKind::loop});
  const Affine a = Affine::var(0), b = Affine::var(1), c = Affine::var(2);
  EXPECT_EQ(print(p, 0), "0");
  EXPECT_EQ(print(p, -3), "-3");
  EXPECT_EQ(print(p, 15 - a), "15-a");
  EXPECT_EQ(print(p, 3 * b - 2 * a + c - 1), "3*b+c-2*a-1");
  EXPECT_EQ(print(p, -1 * a - 7 * c), "-a-7*c");
}

}  // namespace
}  // namespace tconv::ir

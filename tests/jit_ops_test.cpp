// Every op with every type, kind of operand and aliasing on every instruction set that this CPU
// has: the emitters equal the interpreter, and use no more registers than ir::temporaries says.
#include <gtest/gtest.h>

#include "ir/builder.h"
#include "ir/verify.h"
#include "jit/emit_program.h"
#include "jit/host_features.h"
#include "tests/support/backends.h"
#include "tests/support/random_values.h"

namespace tconv {
namespace {

using ir::Affine;
using ir::DType;
using ir::Op;
using ir::Operand;

// How an operand is given. `first` is the register of operand 0, `dst` the destination's.
enum class Kind { own, first, dst, load, some_lanes, bcast, zero, constant };
constexpr int kKinds = 8;

DType operand_type(Op op, int i, DType type) {
  return op == Op::dot2 && i < 2 ? DType::bf16x2 : type;
}

bool defined(Op op, DType type) {
  if (type == DType::f16) return ir::is_half_op(op);
  const bool floating = type == DType::f32 || type == DType::f64;
  switch (op) {
    case Op::div:
    case Op::sqrt:
    case Op::round:
      return floating;
    case Op::fma:
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::max:
    case Op::min:
    case Op::lt:
      return type != DType::bf16x2;
    case Op::sra:
      return type != DType::f64;
    case Op::dot2:
      return type == DType::f32;
    default:
      return true;
  }
}

class OpProgram {
 public:
  OpProgram(const std::string& target, Op op, DType type)
      : b_(*ir::find_target(target)), op_(op), type_(type), lanes_(b_.lanes(type)) {
    for (int i = 0; i < 4; ++i) {
      const DType t = i < 3 ? operand_type(op, i, type) : type;
      x_[i] = b_.buffer("x" + std::to_string(i), t, {kPoints, lanes_}, ir::BufferKind::in);
      y_[i] =
          b_.buffer("y" + std::to_string(i), t, {kKernels, kPoints, lanes_}, ir::BufferKind::out);
    }
  }

  // Kernels for all combinations of kinds, one stage each.
  ir::Program all_kinds() {
    int combinations = 1;
    for (int i = 0; i < ir::arity(op_); ++i) combinations *= kKinds;
    int number = 0;
    for (int c = 0; c < combinations; ++c) {
      Kind kinds[3] = {};
      for (int i = 0, rest = c; i < 3; ++i, rest /= kKinds)
        kinds[i] = static_cast<Kind>(rest % kKinds);
      if (possible(kinds)) kernel(number++, kinds);
    }
    return b_.take();
  }

 private:
  static constexpr int kPoints = 6, kKernels = kKinds * kKinds * kKinds;

  bool possible(const Kind* kinds) const {
    for (int i = 0; i < ir::arity(op_); ++i) {
      const bool shift = op_ == Op::shl || op_ == Op::shr || op_ == Op::sra;
      const bool constant = kinds[i] == Kind::constant || kinds[i] == Kind::zero;
      if (shift && i == 1 && !constant) return false;
      const DType t = operand_type(op_, i, type_);
      if (kinds[i] == Kind::dst && t != type_) return false;
      if (kinds[i] == Kind::first && (i == 0 || t != operand_type(op_, 0, type_))) return false;
    }
    return true;
  }

  Operand operand(int i, Kind kind, const Affine& p, const ir::Reg* in, const ir::Reg& d) const {
    const DType t = operand_type(op_, i, type_);
    const int count = b_.lanes(t);
    const bool shift = i == 1 && (op_ == Op::shl || op_ == Op::shr || op_ == Op::sra);
    switch (kind) {
      case Kind::own:
        return in[i]();
      case Kind::first:
        return in[0]();
      case Kind::dst:
        return d();
      case Kind::load:
        return ir::load({x_[i], {p, 0}});
      case Kind::some_lanes:
        return ir::load({x_[i], {p, 0}}, {1, std::max(count - 1, 2)});  // of two: the second
      case Kind::bcast:
        return ir::bcast({x_[i], {p, count - 1}});
      case Kind::zero:
        return ir::bits(0);
      case Kind::constant:
        if (shift) return ir::bits(7);
        if (t == DType::f64 || t == DType::f16) return ir::number(t, -1.25);
        return t == DType::f32 ? ir::f32(-1.25F) : ir::bits(0x40003f81);
    }
    return ir::bits(0);
  }

  void kernel(int number, const Kind* kinds) {
    b_.stage([&] {
      b_.kernel("k" + std::to_string(number), {{"p", kPoints}}, [&](std::span<const Affine> g) {
        ir::Reg in[3], pad;
        for (int i = 0; i < 3; ++i)
          in[i] = b_.vec("r" + std::to_string(i), {}, operand_type(op_, i, type_));
        const ir::Reg d = b_.vec("d", {}, type_);
        std::vector<Operand> operands;
        for (int i = 0; i < ir::arity(op_); ++i)
          operands.push_back(operand(i, kinds[i], g[0], in, d));
        std::vector<int> lanes;
        for (int i = 0; op_ == Op::perm && i < lanes_; ++i)
          lanes.push_back(static_cast<int>(random_() % static_cast<unsigned>(2 * lanes_)));
        // Fill up: the statement must do with its temporaries.
        const ir::Assign assign{d(), op_, operands, lanes};
        const int product = op_ == Op::fma && !b_.target().fma ? 1 : 0;  // the builder's
        const int free = b_.target().registers - 4 - product -
                         ir::temporaries(b_.program(), b_.target(), ir::Stmt{assign});
        b_.vec("pad", {free});
        for (int i = 0; i < 3; ++i) b_.mov(in[i](), ir::load({x_[i], {g[0], 0}}));
        b_.mov(d(), ir::load({x_[3], {g[0], 0}}));
        b_.assign(op_, d(), operands, lanes);
        for (int i = 0; i < 3; ++i) b_.store({y_[i], {number, g[0], 0}}, in[i]());
        b_.store({y_[3], {number, g[0], 0}}, d());
      });
    });
  }

  ir::Builder b_;
  Op op_;
  DType type_;
  int lanes_;
  ir::ViewId x_[4] = {}, y_[4] = {};
  std::mt19937 random_{7};
};

using Case = std::tuple<test::BackendTarget, Op, DType>;
class JitOps : public testing::TestWithParam<Case> {};

TEST_P(JitOps, EqualTheInterpreter) {
  const auto& [which, op, type] = GetParam();
  const std::string& target = which.target;
  const std::string missing = test::missing(which);
  if (!missing.empty()) GTEST_SKIP() << "missing here: " << missing;
  const ir::Program program = OpProgram(target, op, type).all_kinds();
  ASSERT_NO_THROW(ir::verify_or_throw(program));
  try {
    const auto code = test::compile(which.backend, program);
    for (std::uint32_t seed = 0; seed < 3; ++seed)
      ASSERT_EQ(test::difference_from_interpreter(
                    program, *code, test::random_buffers(program, {}, seed, false), {}, seed),
                "");
  } catch (const jit::CompileError& e) {
    if (type == DType::f16 && !jit::host_has_fp16()) {
      EXPECT_NO_THROW(jit::emit_program(program, "not_run", {.fp16 = true}));
      GTEST_SKIP() << e.what();
    }
    // Only dot2 may be missing, and only where the instruction is.
    if (op != Op::dot2 || (target == "avx512" && __builtin_cpu_supports("avx512bf16"))) throw;
    GTEST_SKIP() << e.what();
  }
}

std::vector<Case> all_ops() {
  std::vector<Case> list;
  for (const test::BackendTarget& which : test::backend_targets())
    for (int op = 0; op < ir::kOpCount; ++op)
      for (const DType t : {DType::f32, DType::f64, DType::i32, DType::bf16x2})
        if (defined(static_cast<Op>(op), t)) list.emplace_back(which, static_cast<Op>(op), t);
  for (int op = 0; op < ir::kOpCount; ++op)
    if (defined(static_cast<Op>(op), DType::f16))
      list.emplace_back(test::BackendTarget{"xbyak", "avx512"}, static_cast<Op>(op), DType::f16);
  return list;
}

std::string name_of(const testing::TestParamInfo<Case>& test) {
  const auto& [which, op, type] = test.param;
  return which.name() + "_" + ir::name(op) + "_" + ir::name(type);
}
INSTANTIATE_TEST_SUITE_P(All, JitOps, testing::ValuesIn(all_ops()), name_of);

}  // namespace
}  // namespace tconv

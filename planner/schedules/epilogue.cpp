#include "planner/schedules/epilogue.h"

#include <algorithm>
#include <limits>

#include "ir/activation_math.h"
#include "ir/vector_math.h"
#include "planner/schedules/cut_row.h"

namespace tconv::planner {
namespace {

using ir::Builder;
using ir::Op;
using ir::Operand;
using ir::RegRef;

constexpr double kSeluScale = 1.0507009873554805, kSeluAlpha = 1.6732632423543772;

// Constants and names for one element type; v is the value that a post-op replaces.
struct Scalar {
  Builder& b;
  ir::DType type;

  Operand c(double x) const { return ir::number(type, x); }
  ir::Reg temp(const char* name) const { return b.vec(name, {}, type); }
  void max0(RegRef d, RegRef a) const { b.op(Op::max, d, c(0), a); }
  void min0(RegRef d, RegRef a) const { b.op(Op::min, d, c(0), a); }

  // v = max(v, 0) + slope * min(v, 0)
  void two_slopes(RegRef v, Operand slope) const {
    const ir::Reg t = temp("t");
    min0(t(), v);
    max0(v, v);
    b.fma(v, t(), std::move(slope), v);
  }
  void clip(RegRef v, double lo, double hi) const {
    b.op(Op::max, v, c(lo), v);
    b.op(Op::min, v, c(hi), v);
  }
  // d = clip(v + 3, 0, 6) / 6
  void hard_sigmoid(RegRef d, RegRef v) const {
    b.op(Op::add, d, v, c(3));
    clip(d, 0, 6);
    b.op(Op::mul, d, d, c(1.0 / 6));
  }
  // v * clip(v + 3, 0, 6) / 6, but v / 2 + v^2 / 6 where v + 3 is rounded and nothing cancels.
  void hard_swish(RegRef v) const {
    const ir::Reg t = temp("t"), u = temp("u"), m = temp("m");
    hard_sigmoid(t(), v);
    b.op(Op::mul, t(), t(), v);
    b.op(Op::mul, u(), v, c(0.5));
    b.op(Op::mul, m(), v, c(1.0 / 6));
    b.fma(u(), m(), v, u());
    b.op(Op::sub, m(), v, c(0.75));
    magnitude(m(), m());
    b.op(Op::lt, m(), m(), c(2.25));
    select(v, m(), u(), t());
  }
  void softsign(RegRef v) const {
    const ir::Reg t = temp("t");
    magnitude(t(), v);
    b.op(Op::add, t(), t(), c(1));
    b.op(Op::div, v, v, t());
  }
  void magnitude(RegRef d, RegRef v) const {
    b.op(Op::and_, d, v,
         type == ir::DType::f64 ? ir::bits(0x7fffffffffffffffULL) : ir::bits(0x7fffffffU));
  }
  void select(RegRef d, RegRef mask, Operand yes, Operand no) const {
    b.assign(Op::sel, d, {mask, std::move(yes), std::move(no)});
  }
  void hard_shrink(RegRef v, double t) const {  // NaN is not above t
    const ir::Reg m = temp("m");
    magnitude(m(), v);
    b.op(Op::lt, m(), c(t), m());
    b.op(Op::and_, v, v, m());
  }
  void soft_shrink(RegRef v, double t) const {  // max(v - t, 0) + min(v + t, 0), of NaN 0
    const ir::Reg m = temp("m");
    b.op(Op::sub, m(), v, c(t));
    b.op(Op::max, m(), m(), c(0));
    b.op(Op::add, v, v, c(t));
    b.op(Op::min, v, v, c(0));
    b.op(Op::add, v, v, m());
  }
  void threshold(RegRef v, double t, double value) const {
    const ir::Reg m = temp("m");
    b.op(Op::lt, m(), c(t), v);
    select(v, m(), v, c(value));
  }
  // v > t ? clip(v, 0, most) : slope * (v - t); without a bound v stays as it is.
  void relu_above(RegRef v, double slope, double t, double most) const {
    const bool bounded = most < std::numeric_limits<double>::infinity();
    if (slope == 0 && t == 0 && bounded) return clip(v, 0, most);
    const ir::Reg m = temp("m"), low = temp("low");
    b.op(Op::lt, m(), c(t), v);
    b.mov(low(), c(0));
    if (slope != 0) {
      b.op(Op::sub, low(), v, c(t));
      b.op(Op::mul, low(), low(), c(slope));
    }
    if (bounded) clip(v, 0, most);
    select(v, m(), v, low());
  }
  // max(v, (clip(v, -1, 1) + 1)^2 / 4); what the sum's rounding loses counts twice in the square.
  void sparse_plus(RegRef v) const {
    const ir::Reg t = temp("t"), u = temp("u"), w = temp("w");
    b.mov(t(), v);
    clip(t(), -1, 1);
    b.op(Op::add, u(), t(), c(1));
    b.op(Op::sub, w(), u(), c(1));
    b.op(Op::sub, t(), t(), w());
    b.op(Op::mul, u(), u(), c(0.5));
    b.op(Op::mul, t(), t(), u());
    b.fma(u(), u(), u(), t());
    b.op(Op::max, v, u(), v);
  }
  void sparse_sigmoid(RegRef v) const {
    b.op(Op::add, v, v, c(1));
    clip(v, 0, 2);
    b.op(Op::mul, v, v, c(0.5));
  }
  void emit(RegRef v, const PostOp& op, const Operand& operand) const;
};

void Scalar::emit(RegRef v, const PostOp& op, const Operand& operand) const {
  switch (op.kind) {
    case PostKind::relu:
      return max0(v, v);
    case PostKind::relu6:
      return clip(v, 0, 6);
    case PostKind::clip:
      return clip(v, op.a, op.b);
    case PostKind::leaky_relu:
      return two_slopes(v, c(op.a));
    case PostKind::prelu:
      return two_slopes(v, operand);
    case PostKind::elu:
      return ir::emit_elu(b, type, v, v, {.out = op.a});
    case PostKind::celu:
      return ir::emit_elu(b, type, v, v, {.out = op.a, .in = 1 / op.a});
    case PostKind::selu:
      return ir::emit_elu(b, type, v, v, {.scale = kSeluScale, .out = kSeluScale * kSeluAlpha});
    case PostKind::tanh:
      return ir::emit_tanh(b, type, v, v);
    case PostKind::sigmoid:
      return ir::emit_sigmoid(b, type, v, v);
    case PostKind::exp:
      return ir::emit_exp(b, type, v, v);
    case PostKind::hard_sigmoid:
      return hard_sigmoid(v, v);
    case PostKind::hard_swish:
      return hard_swish(v);
    case PostKind::hard_shrink:
      return hard_shrink(v, op.a);
    case PostKind::soft_shrink:
      return soft_shrink(v, op.a);
    case PostKind::threshold:
      return threshold(v, op.a, op.b);
    case PostKind::relu_above:
      return relu_above(v, op.a, op.b, op.c);
    case PostKind::softsign:
      return softsign(v);
    case PostKind::softplus:
      return ir::emit_softplus(b, type, v, v);
    case PostKind::log_sigmoid:
      return ir::emit_log_sigmoid(b, type, v, v);
    case PostKind::swish:
      return ir::emit_swish(b, type, v, v);
    case PostKind::gelu:
      return ir::emit_gelu(b, type, v, v);
    case PostKind::gelu_tanh:
      return ir::emit_gelu_tanh(b, type, v, v);
    case PostKind::mish:
      return ir::emit_mish(b, type, v, v);
    case PostKind::tanh_shrink:
      return ir::emit_tanh_shrink(b, type, v, v);
    case PostKind::squareplus:
      return ir::emit_squareplus(b, type, v, v, op.a);
    case PostKind::sparse_plus:
      return sparse_plus(v);
    case PostKind::sparse_sigmoid:
      return sparse_sigmoid(v);
    case PostKind::add:
      return b.op(Op::add, v, v, operand);
    case PostKind::mul:
      return b.op(Op::mul, v, v, operand);
  }
}

// Instructions per vector, for the choice between unrolled and looped epilogues, and the most
// registers beside the value.
struct Cost {
  int instructions, registers;
};
Cost cost(PostKind kind) {
  constexpr int kMath = 2 + ir::kMathRegisters, kActivation = 2 + ir::kActivationRegisters;
  switch (kind) {
    case PostKind::relu:
    case PostKind::add:
    case PostKind::mul:
      return {1, 1};
    // A constant as first operand of max or min stands in a register for one instruction.
    case PostKind::relu6:
    case PostKind::clip:
    case PostKind::leaky_relu:
    case PostKind::prelu:
    case PostKind::softsign:
    case PostKind::hard_sigmoid:
    case PostKind::hard_shrink:
    case PostKind::threshold:
    case PostKind::sparse_sigmoid:
      return {4, 2};
    case PostKind::soft_shrink:
    case PostKind::relu_above:
      return {7, 3};
    case PostKind::sparse_plus:
    case PostKind::hard_swish:
      return {12, 4};
    case PostKind::squareplus:
      return {14, 6};
    case PostKind::tanh:
    case PostKind::sigmoid:
    case PostKind::exp:
    case PostKind::elu:
    case PostKind::selu:
    case PostKind::celu:
      return {25, kMath};
    case PostKind::swish:
    case PostKind::mish:
    case PostKind::gelu:
      return {48, kActivation};
    case PostKind::gelu_tanh:
    case PostKind::softplus:
    case PostKind::log_sigmoid:
    case PostKind::tanh_shrink:
      return {60, kActivation};
  }
  return {60, kActivation};
}

}  // namespace

int Epilogue::registers(const ir::Target& target) const {
  int most = ir::store_temporaries(problem_.output_dtype(), problem_.sum_dtype(), false, target);
  for (const PostOp& op : problem_.post) {
    // Without fma the product waits beside the slope, which is loaded.
    const int product = op.kind == PostKind::prelu && !target.fma ? 1 : 0;
    most = std::max(most, cost(op.kind).registers + product);
  }
  return most + (differs_by_part() ? 1 : 0);
}

bool Epilogue::differs_by_part() const {
  return has_parts(problem_) &&
         std::any_of(problem_.post.begin(), problem_.post.end(), [](const PostOp& op) {
           return op.kind == PostKind::add || op.kind == PostKind::mul;
         });
}

void Epilogue::store_channels(Builder& b, const RegRef& value, const ir::Affine& n,
                              const std::vector<ir::Affine>& position, const ir::Affine& channel,
                              ir::Lanes lanes, bool stream) const {
  const bool by_part = differs_by_part(), once = has_parts(problem_) && !by_part;
  if (once) emit(b, value, {true, channel, {}, lanes});
  each_part(b, problem_, tensors_.o, n, position, channel, lanes,
            [&](const std::vector<ir::Affine>& index, ir::Lanes part) {
              b.scope([&] {
                RegRef v = value;
                if (by_part) {
                  v = b.vec("part", {}, b.program().regs[value.reg].type)();
                  b.mov(v, value);
                }
                if (!once) emit(b, v, {true, channel, index, part});
                b.store({tensors_.output, index}, v, part, stream && part.all());
              });
            });
}

int Epilogue::instructions() const {
  int n = 0;
  for (const PostOp& op : problem_.post) n += cost(op.kind).instructions;
  return n;
}

void Epilogue::emit(Builder& b, const RegRef& value, const Place& place) const {
  const Scalar scalar{b, b.program().regs[value.reg].type};
  std::size_t operand = 0;
  for (const PostOp& op : problem_.post) {
    Operand extra = ir::bits(0);
    if (op.takes_operand()) {
      const ir::ViewId view = tensors_.operands[operand++];
      const bool slopes = op.kind == PostKind::prelu;
      const ir::Mem mem{view, slopes ? std::vector<ir::Affine>{place.channel} : place.index};
      extra = slopes && !place.lanes_are_channels ? ir::bcast(mem) : ir::load(mem, place.lanes);
    }
    b.scope([&] { scalar.emit(value, op, extra); });
  }
}

}  // namespace tconv::planner

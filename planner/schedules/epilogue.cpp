#include "planner/schedules/epilogue.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "ir/vector_math.h"
#include "planner/schedules/cut_row.h"

namespace tconv::planner {
namespace {

using ir::Builder;
using ir::Op;
using ir::Operand;
using ir::RegRef;

// Constants and names for one element type; v is the value that a post-op replaces.
struct Scalar {
  Builder& b;
  ir::DType type;

  Operand c(double x) const {
    if (type == ir::DType::i32) return ir::i32(static_cast<std::int32_t>(x));
    return type == ir::DType::f64 ? ir::f64(x) : ir::f32(static_cast<float>(x));
  }
  ir::Reg temp(const char* name) const { return b.vec(name, {}, type); }
  Operand abs_mask() const {
    return type == ir::DType::f64 ? ir::bits(0x7fffffffffffffffULL) : ir::bits(0x7fffffffU);
  }
  void max0(RegRef d, RegRef a) const { b.op(Op::max, d, c(0), a); }
  void min0(RegRef d, RegRef a) const { b.op(Op::min, d, c(0), a); }

  // v = max(v, 0) + slope * min(v, 0)
  void two_slopes(RegRef v, Operand slope) const {
    const ir::Reg t = temp("t");
    min0(t(), v);
    max0(v, v);
    b.fma(v, t(), std::move(slope), v);
  }
  // v = scale * (max(v, 0) + alpha * expm1(min(v, 0)))
  void elu(RegRef v, double alpha, double scale) const {
    const ir::Reg t = temp("t");
    min0(t(), v);
    ir::emit_expm1(b, type, t(), t());
    max0(v, v);
    b.fma(v, t(), c(alpha), v);
    if (scale != 1) b.op(Op::mul, v, v, c(scale));
  }
  void softplus(RegRef v) const {  // max(v, 0) + log1p(exp(-|v|))
    const ir::Reg t = temp("t");
    b.op(Op::and_, t(), v, abs_mask());
    b.op(Op::sub, t(), c(0), t());
    ir::emit_exp(b, type, t(), t());
    ir::emit_log1p(b, type, t(), t());
    max0(v, v);
    b.op(Op::add, v, v, t());
  }
  void hard_sigmoid(RegRef d, RegRef v) const {  // clip(v / 6 + 1/2, 0, 1)
    b.op(Op::mul, d, v, c(1.0 / 6));
    b.op(Op::add, d, d, c(0.5));
    clip(d, 0, 1);
  }
  void clip(RegRef v, double lo, double hi) const {
    b.op(Op::max, v, c(lo), v);
    b.op(Op::min, v, c(hi), v);
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
      return elu(v, op.a, 1);
    case PostKind::selu:
      return elu(v, 1.6732632423543772, 1.0507009873554805);
    case PostKind::tanh:
      return ir::emit_tanh(b, type, v, v);
    case PostKind::sigmoid:
      return ir::emit_sigmoid(b, type, v, v);
    case PostKind::exp:
      return ir::emit_exp(b, type, v, v);
    case PostKind::hard_sigmoid:
      return hard_sigmoid(v, v);
    case PostKind::softplus:
      return softplus(v);
    case PostKind::add:
      return b.op(Op::add, v, v, operand);
    case PostKind::mul:
      return b.op(Op::mul, v, v, operand);
    default:
      break;
  }
  const ir::Reg t = temp("t");
  switch (op.kind) {
    case PostKind::swish:
      ir::emit_sigmoid(b, type, t(), v);
      break;
    case PostKind::hard_swish:
      hard_sigmoid(t(), v);
      break;
    case PostKind::gelu:  // v * (1 + erf(v / sqrt 2)) / 2
      b.op(Op::mul, t(), v, c(std::numbers::sqrt2 / 2));
      ir::emit_erf(b, type, t(), t());
      b.fma(t(), t(), c(0.5), c(0.5));
      break;
    case PostKind::gelu_tanh: {  // v * sigmoid(2 sqrt(2/pi) (v + 0.044715 v^3)): no cancellation
      const double k = 2 * std::sqrt(2 / std::numbers::pi);
      b.op(Op::mul, t(), v, v);
      b.op(Op::mul, t(), t(), c(0.044715 * k));
      b.op(Op::add, t(), t(), c(k));
      b.op(Op::mul, t(), t(), v);
      ir::emit_sigmoid(b, type, t(), t());
      break;
    }
    case PostKind::softsign: {
      b.op(Op::and_, t(), v, abs_mask());
      b.op(Op::add, t(), t(), c(1));
      b.op(Op::div, v, v, t());
      return;
    }
    case PostKind::mish:
      b.mov(t(), v);
      softplus(t());
      ir::emit_tanh(b, type, t(), t());
      break;
    default:
      break;
  }
  b.op(Op::mul, v, v, t());
}

// Instructions per vector, for the choice between unrolled and looped epilogues.
int cost(PostKind kind) {
  switch (kind) {
    case PostKind::relu:
    case PostKind::add:
    case PostKind::mul:
      return 1;
    case PostKind::relu6:
    case PostKind::clip:
    case PostKind::leaky_relu:
    case PostKind::prelu:
    case PostKind::softsign:
    case PostKind::hard_sigmoid:
    case PostKind::hard_swish:
      return 4;
    case PostKind::mish:
    case PostKind::softplus:
      return 60;
    default:
      return 25;
  }
}

}  // namespace

int Epilogue::registers(const ir::Target& target) const {
  int most = ir::store_temporaries(problem_.output_dtype(), false, target);
  for (const PostOp& op : problem_.post) {
    const int c = cost(op.kind);
    // A constant as first operand of max or min stands in a register for one instruction.
    most = std::max(most, c == 1 ? 1 : c < 10 ? 2 : 2 + ir::kMathRegisters);
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
  each_part(b, problem_, n, position, channel, lanes,
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
  for (const PostOp& op : problem_.post) n += cost(op.kind);
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

// The encodings that AVX-512 and AVX2 share: Xbyak takes VEX or EVEX from the registers' width. It
// accepts some illegal widths silently, so registers are only made by full(), half() and low().
#include "jit/isa.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace tconv::jit {

using ir::DType;
using ir::Op;
using Xbyak::Operand;
using Xbyak::Ymm;

int Isa::check(int n) const {
  if (n < 0 || n >= registers_) throw std::logic_error("emitter: out of vector registers");
  return n;
}
Ymm Isa::full(int n) const {
  return vector_bytes_ == 64 ? Ymm(check(n), Operand::ZMM, 512) : Ymm(check(n));
}
Ymm Isa::half(int n) const {
  return vector_bytes_ == 64 ? Ymm(check(n)) : Ymm(check(n), Operand::XMM, 128);
}

void Isa::half_op(Op, int, int, const Operand&) {
  throw std::logic_error("emitter: no f16 registers");
}
void Isa::half_multiply_add(int, int, int, const Operand&) {
  throw std::logic_error("emitter: no f16 registers");
}

void Isa::zero(int n) {
  if (n < 16) {
    as_.vxorps(low(n), low(n), low(n));  // shorter, and clears the whole register
  } else {
    as_.vpxord(full(n), full(n), full(n));
  }
}

void Isa::mov(DType type, int dst, const Arg& a) {
  switch (a.kind) {
    case Arg::Kind::reg:
      if (a.reg != dst) as_.vmovaps(full(dst), full(a.reg));
      return;
    case Arg::Kind::load:
      return load(type, dst, a);
    case Arg::Kind::bcast:
      return broadcast(type, dst, a);
    case Arg::Kind::constant:
      return constant(type, dst, a.bits);
  }
}

void Isa::load(DType type, int dst, const Arg& a) {
  if (partial(a, type)) return load_partial(type, dst, a);
  load_converting(type, a.memory, full(dst), as_.ptr[a.at]);
}

void Isa::load_converting(DType type, DType memory, const Ymm& dst, const Xbyak::Address& from) {
  if (type == DType::f16) return as_.vmovdqu16(dst, from);
  switch (memory) {
    case DType::f32:
    case DType::i32:
    case DType::bf16x2:
      return as_.vmovups(dst, from);
    case DType::f64:
      return as_.vmovupd(dst, from);
    case DType::f16:
      return as_.vcvtph2ps(dst, from);
    case DType::bf16:
      as_.vpmovzxwd(dst, from);
      return as_.vpslld(full(dst.getIdx()), full(dst.getIdx()), 16);
    case DType::s8:
      return as_.vpmovsxbd(dst, from);
    case DType::u8:
      return as_.vpmovzxbd(dst, from);
  }
}

void Isa::broadcast(DType type, int dst, const Arg& a) {
  const Xbyak::Address from = as_.ptr[a.at];
  if (type == DType::f16) return as_.vpbroadcastw(full(dst), from);
  switch (a.memory) {
    case DType::f32:
    case DType::i32:
    case DType::bf16x2:
      return as_.vbroadcastss(full(dst), from);
    case DType::f64:
      return as_.vbroadcastsd(full(dst), from);
    case DType::f16:
      as_.vpbroadcastw(half(dst), from);
      return as_.vcvtph2ps(full(dst), half(dst));
    case DType::bf16:
      as_.vpbroadcastw(full(dst), from);
      return as_.vpslld(full(dst), full(dst), 16);
    case DType::s8:
      as_.vpbroadcastb(low(dst), from);
      return as_.vpmovsxbd(full(dst), low(dst));
    case DType::u8:
      as_.vpbroadcastb(low(dst), from);
      return as_.vpmovzxbd(full(dst), low(dst));
  }
}

void Isa::constant(DType type, int dst, std::uint64_t bits) {
  if (bits == 0) return zero(dst);
  if (type == DType::f16) bits *= 0x10001;
  if (type == DType::f64) return as_.vbroadcastsd(full(dst), as_.ptr[as_.constant(&bits, 8)]);
  as_.vbroadcastss(full(dst), as_.ptr[as_.constant32(static_cast<std::uint32_t>(bits))]);
}

template <class Use>
void Isa::with_operand(DType type, const Arg& a, Use&& use) {
  switch (a.kind) {
    case Arg::Kind::reg:
      return use(full(a.reg));
    case Arg::Kind::load:
      return use(as_.ptr[a.at]);
    case Arg::Kind::bcast:
      return use(as_.ptr_b[a.at]);
    case Arg::Kind::constant:
      return use(constant_operand(type, a.bits));
  }
}

void Isa::op(Op op, DType type, int dst, const Arg* args, int temp) {
  const auto swap_if_folded_first = [&](const auto& emit) {
    const bool swap = args[0].kind != Arg::Kind::reg;
    with_operand(type, args[swap ? 0 : 1],
                 [&](const Operand& b) { emit(args[swap ? 1 : 0].reg, b); });
  };
  switch (op) {
    case Op::fma:
      return fma(type, dst, args, temp);
    case Op::shl:
    case Op::shr:
    case Op::sra:
      return shift(op, type, full(dst), full(args[0].reg), args[1].bits);
    case Op::sel:
      return select(type, dst, args[0].reg, args[1].reg, args[2].reg);
    case Op::lt:
      if (type == DType::i32)  // b > a
        return with_operand(type, args[0],
                            [&](const Operand& a) { compare_greater_i32(dst, args[1].reg, a); });
      return with_operand(type, args[1],
                          [&](const Operand& b) { compare_less(type, dst, args[0].reg, b); });
    case Op::round:
      return with_operand(type, args[0], [&](const Operand& a) { round(type, dst, a); });
    case Op::sqrt:
      return with_operand(type, args[0], [&](const Operand& a) {
        type == DType::f64 ? as_.vsqrtpd(full(dst), a) : as_.vsqrtps(full(dst), a);
      });
    case Op::dot2: {
      const bool swap = args[0].kind != Arg::Kind::reg;
      return with_operand(DType::bf16x2, args[swap ? 0 : 1], [&](const Operand& b) {
        dot2(dst, args[swap ? 1 : 0].reg, b, args[2].reg);
      });
    }
    default:
      return swap_if_folded_first(
          [&](int a, const Operand& b) { arithmetic(op, type, full(dst), full(a), b); });
  }
}

void Isa::arithmetic(Op op, DType type, const Ymm& d, const Ymm& a, const Operand& b) {
  if (type == DType::f16) return half_op(op, d.getIdx(), a.getIdx(), b);
  const bool f64 = type == DType::f64, i32 = type == DType::i32;
  switch (op) {
    case Op::add:
      return i32 ? as_.vpaddd(d, a, b) : f64 ? as_.vaddpd(d, a, b) : as_.vaddps(d, a, b);
    case Op::sub:
      return i32 ? as_.vpsubd(d, a, b) : f64 ? as_.vsubpd(d, a, b) : as_.vsubps(d, a, b);
    case Op::mul:
      return i32 ? as_.vpmulld(d, a, b) : f64 ? as_.vmulpd(d, a, b) : as_.vmulps(d, a, b);
    case Op::div:
      return f64 ? as_.vdivpd(d, a, b) : as_.vdivps(d, a, b);
    case Op::max:
      return i32 ? as_.vpmaxsd(d, a, b) : f64 ? as_.vmaxpd(d, a, b) : as_.vmaxps(d, a, b);
    case Op::min:
      return i32 ? as_.vpminsd(d, a, b) : f64 ? as_.vminpd(d, a, b) : as_.vminps(d, a, b);
    case Op::and_:
      return f64 ? as_.vandpd(d, a, b) : as_.vandps(d, a, b);
    case Op::or_:
      return f64 ? as_.vorpd(d, a, b) : as_.vorps(d, a, b);
    case Op::xor_:
      return f64 ? as_.vxorpd(d, a, b) : as_.vxorps(d, a, b);
    case Op::iadd:
      return f64 ? as_.vpaddq(d, a, b) : as_.vpaddd(d, a, b);
    case Op::isub:
      return f64 ? as_.vpsubq(d, a, b) : as_.vpsubd(d, a, b);
    default:
      throw std::logic_error("emitter: not a binary op");
  }
}

void Isa::shift(Op op, DType type, const Ymm& d, const Ymm& a, std::uint64_t bits) {
  const auto count = static_cast<std::uint8_t>(std::min<std::uint64_t>(bits, 255));
  const bool f64 = type == DType::f64;
  if (op == Op::shl) return f64 ? as_.vpsllq(d, a, count) : as_.vpslld(d, a, count);
  if (op == Op::shr) return f64 ? as_.vpsrlq(d, a, count) : as_.vpsrld(d, a, count);
  as_.vpsrad(d, a, count);
}

// Forms: 132: dst = dst * third + second; 213: dst = second * dst + third; 231: dst += second *
// third.
void Isa::multiply_add(DType type, int form, int dst, int second, const Operand& third) {
  if (type == DType::f16) return half_multiply_add(form, dst, second, third);
  const Ymm d = full(dst), s = full(second);
  if (type == DType::f64) {
    if (form == 132) return as_.vfmadd132pd(d, s, third);
    if (form == 213) return as_.vfmadd213pd(d, s, third);
    return as_.vfmadd231pd(d, s, third);
  }
  if (form == 132) return as_.vfmadd132ps(d, s, third);
  if (form == 213) return as_.vfmadd213ps(d, s, third);
  as_.vfmadd231ps(d, s, third);
}

void Isa::fma(DType type, int dst, const Arg* args, int temp) {
  const Arg *a = &args[0], *b = &args[1];
  const Arg& c = args[2];
  if (a->kind != Arg::Kind::reg) std::swap(a, b);  // now only b or c may be in memory
  const auto with = [&](const Arg& arg, auto&& use) { with_operand(type, arg, use); };
  if (type == DType::i32) {  // no such instruction
    with(*b, [&](const Operand& m) { as_.vpmulld(full(temp), full(a->reg), m); });
    return with(c, [&](const Operand& m) { as_.vpaddd(full(dst), full(temp), m); });
  }
  if (c.kind != Arg::Kind::reg) {
    if (dst == b->reg) std::swap(a, b);
    if (dst != a->reg) as_.vmovaps(full(dst), full(a->reg));
    return with(c, [&](const Operand& m) { multiply_add(type, 213, dst, b->reg, m); });
  }
  if (dst != c.reg && b->kind == Arg::Kind::reg && dst == b->reg) std::swap(a, b);
  if (dst != c.reg && dst == a->reg)
    return with(*b, [&](const Operand& m) { multiply_add(type, 132, dst, c.reg, m); });
  if (dst != c.reg) as_.vmovaps(full(dst), full(c.reg));
  with(*b, [&](const Operand& m) { multiply_add(type, 231, dst, a->reg, m); });
}

}  // namespace tconv::jit

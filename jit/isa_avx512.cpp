// AVX-512 (F, BW, DQ, VL; BF16 and FP16 where the CPU has them): masks in k1..k6, k7 is scratch.
#include <algorithm>
#include <array>
#include <bit>

#include "jit/backend.h"
#include "jit/bf16.h"
#include "jit/isa.h"
#include "jit/permutation.h"

namespace tconv::jit {
namespace {

using ir::DType;
using Xbyak::Address;
using Xbyak::Operand;
using Xbyak::Opmask;
using Xbyak::Ymm;

constexpr std::uint8_t kLessOrderedQuiet = 17, kTiesToEvenQuiet = 8;
constexpr int kScratchMask = 7;

class Avx512 final : public Isa {
 public:
  Avx512(Assembler& as, Extensions has) : Isa(as, 64, 32), has_(has) {}

  void preload_masks(std::span<const std::uint32_t> masks) override {
    cached_ = 0;
    for (std::uint32_t m : masks) {
      if (cached_ == masks_.size()) break;
      load_mask(static_cast<int>(++cached_), m);
      masks_[cached_ - 1] = m;
    }
  }

  void store(DType type, const Arg& to, bool stream, int src, int temp) override {
    const Address all = as_.ptr[to.at];
    const bool some = partial(to, type);
    if (to.memory == DType::bf16) to_bf16(src, temp);  // first, as it may use the scratch mask
    const Address at = some ? all | mask(to.lanes) : all;
    switch (to.memory) {
      case DType::f16:
        if (type == DType::f16)
          return stream ? as_.vmovntdq(at, full(src)) : as_.vmovdqu16(at, full(src));
        if (!stream) return as_.vcvtps2ph(at, full(src), 0);
        as_.vcvtps2ph(half(temp), full(src), 0);
        return as_.vmovntdq(at, half(temp));
      case DType::bf16:
        if (stream) return as_.vmovntdq(at, half(temp));
        return some ? as_.vmovdqu16(at, half(temp)) : as_.vmovups(at, half(temp));
      case DType::f64:
        return stream ? as_.vmovntpd(at, full(src)) : as_.vmovupd(at, full(src));
      default:
        return stream ? as_.vmovntps(at, full(src)) : as_.vmovups(at, full(src));
    }
  }

  void perm(DType type, int dst, int a, int b, std::span<const int> lane, int temp) override {
    const Permutation p(lane, ir::bytes(type), a == b);
    if (p.identity()) return as_.vmovaps(full(dst), full(p.first() ? b : a));
    if (type == DType::f16) return perm_words(p, dst, a, b, temp);
    const bool f64 = type == DType::f64;
    std::uint8_t imm = 0;
    const auto pick = [&](int s) { return full(s ? b : a); };
    int s0 = 0, s1 = 0;
    if (p.single() && p.broadcast_of_lane0()) {
      return f64 ? as_.vbroadcastsd(full(dst), low(p.first() ? b : a))
                 : as_.vbroadcastss(full(dst), low(p.first() ? b : a));
    }
    if (p.unpack(false, s0, s1)) {
      return f64 ? as_.vunpcklpd(full(dst), pick(s0), pick(s1))
                 : as_.vunpcklps(full(dst), pick(s0), pick(s1));
    }
    if (p.unpack(true, s0, s1)) {
      return f64 ? as_.vunpckhpd(full(dst), pick(s0), pick(s1))
                 : as_.vunpckhps(full(dst), pick(s0), pick(s1));
    }
    if (!f64 && p.shuffle32(s0, s1, imm)) return as_.vshufps(full(dst), pick(s0), pick(s1), imm);
    if (p.blocks512(s0, s1, imm)) return as_.vshuff32x4(full(dst), pick(s0), pick(s1), imm);
    general_perm(f64, p, dst, a, b, temp);
  }

 protected:
  void load_partial(DType type, int dst, const Arg& a) override {
    load_converting(type, a.memory, full(dst) | mask(a.lanes) | as_.T_z, as_.ptr[a.at]);
  }
  Address constant_operand(DType type, std::uint64_t bits) override {
    if (type == DType::f16) bits *= 0x10001;
    return as_.ptr_b[type == DType::f64 ? as_.constant(&bits, 8)
                                        : as_.constant32(static_cast<std::uint32_t>(bits))];
  }
  void compare_less(DType type, int dst, int a, const Operand& b) override {
    const Opmask k(kScratchMask);
    if (type == DType::f64) {
      as_.vcmppd(k, full(a), b, kLessOrderedQuiet);
      as_.vpmovm2q(full(dst), k);
    } else {
      as_.vcmpps(k, full(a), b, kLessOrderedQuiet);
      as_.vpmovm2d(full(dst), k);
    }
  }
  void compare_greater_i32(int dst, int a, const Operand& b) override {
    as_.vpcmpgtd(Opmask(kScratchMask), full(a), b);
    as_.vpmovm2d(full(dst), Opmask(kScratchMask));
  }
  void round(DType type, int dst, const Operand& a) override {
    type == DType::f64 ? as_.vrndscalepd(full(dst), a, kTiesToEvenQuiet)
                       : as_.vrndscaleps(full(dst), a, kTiesToEvenQuiet);
  }
  void select(DType type, int dst, int sign, int set, int clear) override {
    const Opmask k(kScratchMask);
    if (type == DType::f64) {
      as_.vpmovq2m(k, full(sign));
      as_.vblendmpd(full(dst) | k, full(clear), full(set));
    } else {
      as_.vpmovd2m(k, full(sign));
      as_.vblendmps(full(dst) | k, full(clear), full(set));
    }
  }
  void half_op(ir::Op op, int dst, int a, const Operand& b) override {
    require_fp16();
    const Ymm d = full(dst), x = full(a);
    switch (op) {
      case ir::Op::add:
        return as_.vaddph(d, x, b);
      case ir::Op::sub:
        return as_.vsubph(d, x, b);
      case ir::Op::mul:
        return as_.vmulph(d, x, b);
      case ir::Op::max:
        return as_.vmaxph(d, x, b);
      case ir::Op::min:
        return as_.vminph(d, x, b);
      default:
        throw std::logic_error("emitter: not an op of f16");
    }
  }
  void half_multiply_add(int form, int dst, int second, const Operand& third) override {
    require_fp16();
    const Ymm d = full(dst), s = full(second);
    if (form == 132) return as_.vfmadd132ph(d, s, third);
    if (form == 213) return as_.vfmadd213ph(d, s, third);
    as_.vfmadd231ph(d, s, third);
  }
  void dot2(int dst, int a, const Operand& b, int c) override {
    if (!has_.bf16) throw CompileError("dot2 needs AVX512_BF16, which this CPU does not have");
    if (dst != c) as_.vmovaps(full(dst), full(c));  // a and b are of another type: never dst
    as_.vdpbf16ps(full(dst), full(a), b);
  }

 private:
  void require_fp16() const {
    if (!has_.fp16)
      throw CompileError("f16 registers need AVX512_FP16, which this CPU does not have");
  }
  void load_mask(int k, std::uint32_t value) {
    as_.mov(as_.eax, value);
    value >> 16 != 0 ? as_.kmovd(Opmask(k), as_.eax) : as_.kmovw(Opmask(k), as_.eax);
  }
  Opmask mask(const ir::Lanes& lanes) {
    const std::uint32_t value = mask_bits(lanes);
    for (std::size_t i = 0; i < cached_; ++i)
      if (masks_[i] == value) return Opmask(static_cast<int>(i) + 1);
    load_mask(kScratchMask, value);
    return Opmask(kScratchMask);
  }

  void to_bf16(int src, int temp) {
    if (has_.bf16) return as_.vcvtneps2bf16(half(temp), full(src));
    const auto word = [&](std::uint32_t v) { return as_.ptr_b[as_.constant32(v)]; };
    const Opmask k(kScratchMask);
    const Ymm t = full(temp), x = full(src);
    as_.vpsrld(t, x, 16);
    as_.vpandd(t, t, word(1));
    as_.vpaddd(t, t, x);
    as_.vpaddd(t, t, word(bf16::kRoundUp));
    as_.vcmpps(k, x, x, bf16::kUnordered);
    as_.vpblendmd(t | k, t, word(bf16::kQuietNan));
    as_.vptestnmd(k, x, word(bf16::kExponent));
    as_.vpandd(t | k, x, word(bf16::kSign));  // denormals become zero of their sign
    as_.vpsrld(t, t, 16);
    as_.vpmovdw(half(temp), t);
  }

  // Interleaving and whole 128 bits as for other lanes; everything else by lane numbers.
  void perm_words(const Permutation& p, int dst, int a, int b, int temp) {
    std::uint8_t imm = 0;
    int s0 = 0, s1 = 0;
    const auto pick = [&](int s) { return full(s ? b : a); };
    if (p.single() && p.broadcast_of_lane0())
      return as_.vpbroadcastw(full(dst), low(p.first() ? b : a));
    if (p.unpack(false, s0, s1)) return as_.vpunpcklwd(full(dst), pick(s0), pick(s1));
    if (p.unpack(true, s0, s1)) return as_.vpunpckhwd(full(dst), pick(s0), pick(s1));
    if (p.blocks512(s0, s1, imm)) return as_.vshuff32x4(full(dst), pick(s0), pick(s1), imm);
    const auto numbers = [&](int to, int flip) {
      std::array<std::int16_t, 32> index;
      for (int i = 0; i < p.size(); ++i)
        index[static_cast<std::size_t>(i)] = static_cast<std::int16_t>(p[i] ^ flip);
      as_.vmovups(full(to), as_.ptr[as_.constant(index.data(), 64)]);
    };
    if (p.single()) {
      const int source = p.first() ? b : a, index = source == dst ? temp : dst;
      numbers(index, p.first() ? p.size() : 0);
      return as_.vpermw(full(dst), full(index), full(source));
    }
    const bool free = dst != a && dst != b;
    numbers(free ? dst : temp, free || dst == a ? 0 : p.size());
    if (free) return as_.vpermi2w(full(dst), full(a), full(b));
    as_.vpermt2w(full(dst), full(temp), full(dst == a ? b : a));
  }

  void general_perm(bool f64, const Permutation& p, int dst, int a, int b, int temp) {
    const auto indices = [&](int to, int flip) {
      if (f64) {
        std::array<std::int64_t, 8> index;
        for (int i = 0; i < 8; ++i) index[static_cast<std::size_t>(i)] = p[i] ^ flip;
        as_.vmovups(full(to), as_.ptr[as_.constant(index.data(), 64)]);
      } else {
        std::array<std::int32_t, 16> index;
        for (int i = 0; i < 16; ++i) index[static_cast<std::size_t>(i)] = p[i] ^ flip;
        as_.vmovups(full(to), as_.ptr[as_.constant(index.data(), 64)]);
      }
    };
    const int n = p.size();
    if (p.single()) {
      const int source = p.first() ? b : a, index = source == dst ? temp : dst;
      indices(index, p.first() ? n : 0);
      return f64 ? as_.vpermpd(full(dst), full(index), full(source))
                 : as_.vpermps(full(dst), full(index), full(source));
    }
    if (dst != a && dst != b) {
      indices(dst, 0);
      return f64 ? as_.vpermi2pd(full(dst), full(a), full(b))
                 : as_.vpermi2ps(full(dst), full(a), full(b));
    }
    indices(temp, dst == a ? 0 : n);  // the first table is the destination
    const Ymm other = full(dst == a ? b : a);
    f64 ? as_.vpermt2pd(full(dst), full(temp), other) : as_.vpermt2ps(full(dst), full(temp), other);
  }

  Extensions has_;
  std::size_t cached_ = 0;
  std::array<std::uint32_t, 6> masks_{};
};

}  // namespace

std::unique_ptr<Isa> make_avx512(Assembler& as, Extensions extensions) {
  return std::make_unique<Avx512>(as, extensions);
}

}  // namespace tconv::jit

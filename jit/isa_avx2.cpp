// AVX2 with FMA and F16C. There are no mask registers: partial loads go through vmaskmov, which
// does not touch lanes that are off, or through pieces of 1 to 8 bytes; partial stores always
// through pieces, since a masked store costs some twenty operations on AMD.
#include <algorithm>
#include <array>

#include "jit/backend.h"
#include "jit/bf16.h"
#include "jit/isa.h"
#include "jit/permutation.h"

namespace tconv::jit {
namespace {

using ir::DType;
using Xbyak::Address;
using Xbyak::Operand;
using Xbyak::RegExp;
using Xbyak::Xmm;
using Xbyak::Ymm;

constexpr std::uint8_t kLessOrderedQuiet = 17, kTiesToEvenQuiet = 8;

class Avx2 final : public Isa {
 public:
  explicit Avx2(Assembler& as) : Isa(as, 32, 16) {}

  void preload_masks(std::span<const std::uint32_t>) override {}

  void store(DType type, const Arg& to, bool stream, int src, int temp) override {
    const Address at = as_.ptr[to.at];
    const bool some = partial(to, type);
    if (to.memory == DType::f16 || to.memory == DType::bf16) {
      if (to.memory == DType::f16) {
        as_.vcvtps2ph(low(temp), full(src), 0);
      } else {
        to_bf16(src, temp);
      }
      if (some) return store_pieces(low(temp), to.at, 2 * to.lanes.lo, 2 * to.lanes.hi);
      return stream ? as_.vmovntdq(at, low(temp)) : as_.vmovups(at, low(temp));
    }
    if (!some) return stream ? as_.vmovntps(at, full(src)) : as_.vmovups(at, full(src));
    const int lo = to.lanes.lo * ir::bytes(type), hi = to.lanes.hi * ir::bytes(type);
    if (lo < 16) store_pieces(low(src), to.at, lo, std::min(hi, 16));
    if (hi > 16) {
      as_.vextractf128(low(temp), full(src), 1);
      store_pieces(low(temp), to.at + 16, std::max(lo - 16, 0), hi - 16);
    }
  }

  void perm(DType type, int dst, int a, int b, std::span<const int> lane, int temp) override {
    const Permutation p(lane, ir::bytes(type), a == b);
    const auto pick = [&](int s) { return full(s ? b : a); };
    const Ymm d = full(dst);
    std::uint8_t imm = 0;
    int s0 = 0, s1 = 0;
    if (p.identity()) return as_.vmovaps(d, pick(p.first()));
    if (p.blocks256(imm)) return as_.vperm2f128(d, full(a), full(b), imm);
    if (type == DType::f64) return perm64(p, dst, a, b, temp);
    if (p.single() && p.broadcast_of_lane0()) return as_.vbroadcastss(d, low(p.first() ? b : a));
    if (p.blend(imm)) return as_.vblendps(d, full(a), full(b), imm);
    if (p.unpack(false, s0, s1)) return as_.vunpcklps(d, pick(s0), pick(s1));
    if (p.unpack(true, s0, s1)) return as_.vunpckhps(d, pick(s0), pick(s1));
    if (p.shuffle32(s0, s1, imm)) return as_.vshufps(d, pick(s0), pick(s1), imm);
    if (p.single()) {
      const int source = p.first() ? b : a, index = source == dst ? temp : dst;
      as_.vmovups(full(index), indices(p));
      return as_.vpermps(d, full(index), full(source));
    }
    // Each source through the same index; lane numbers modulo 8 are what vpermps takes.
    imm = 0;
    for (int i = 0; i < 8; ++i) imm = static_cast<std::uint8_t>(imm | p[i] / 8 << i);
    as_.vmovups(full(temp), indices(p));
    as_.vpermps(full(temp + 1), full(temp), full(b));
    as_.vpermps(d, full(temp), full(a));
    as_.vblendps(d, d, full(temp + 1), imm);
  }

 protected:
  void load_partial(DType type, int dst, const Arg& a) override {
    const int width = ir::bytes(a.memory);
    const int lo = a.lanes.lo * width, hi = a.lanes.hi * width;
    if (a.memory == type) {
      if (lo == 0 && hi == 4) return as_.vmovss(low(dst), as_.ptr[a.at]);
      if (lo == 0 && hi == 8) return as_.vmovsd(low(dst), as_.ptr[a.at]);
      if (lo == 0 && hi == 16) return as_.vmovups(low(dst), as_.ptr[a.at]);
      std::array<std::uint8_t, 32> mask;
      for (int i = 0; i < 32; ++i) mask[static_cast<std::size_t>(i)] = i >= lo && i < hi ? 0xff : 0;
      as_.vmovups(full(dst), as_.ptr[as_.constant(mask.data(), mask.size())]);
      return width == 8 ? as_.vmaskmovpd(full(dst), full(dst), as_.ptr[a.at])
                        : as_.vmaskmovps(full(dst), full(dst), as_.ptr[a.at]);
    }
    load_pieces(low(dst), a.at, lo, hi);
    switch (a.memory) {
      case DType::f16:
        return as_.vcvtph2ps(full(dst), low(dst));
      case DType::bf16:
        as_.vpmovzxwd(full(dst), low(dst));
        return as_.vpslld(full(dst), full(dst), 16);
      case DType::s8:
        return as_.vpmovsxbd(full(dst), low(dst));
      default:
        return as_.vpmovzxbd(full(dst), low(dst));
    }
  }
  Address constant_operand(DType type, std::uint64_t bits) override { return splat(type, bits); }
  void compare_less(DType type, int dst, int a, const Operand& b) override {
    type == DType::f64 ? as_.vcmppd(full(dst), full(a), b, kLessOrderedQuiet)
                       : as_.vcmpps(full(dst), full(a), b, kLessOrderedQuiet);
  }
  void compare_greater_i32(int dst, int a, const Operand& b) override {
    as_.vpcmpgtd(full(dst), full(a), b);
  }
  void round(DType type, int dst, const Operand& a) override {
    type == DType::f64 ? as_.vroundpd(full(dst), a, kTiesToEvenQuiet)
                       : as_.vroundps(full(dst), a, kTiesToEvenQuiet);
  }
  void select(DType type, int dst, int sign, int set, int clear) override {
    type == DType::f64 ? as_.vblendvpd(full(dst), full(clear), full(set), full(sign))
                       : as_.vblendvps(full(dst), full(clear), full(set), full(sign));
  }
  void dot2(int, int, const Operand&, int) override {
    throw CompileError("dot2 needs AVX512_BF16, which target avx2 does not have");
  }

 private:
  Address splat(DType type, std::uint64_t bits) {
    std::array<std::uint64_t, 4> value;
    value.fill(type == DType::f64 ? bits : (bits & 0xffffffff) * 0x100000001);
    return as_.ptr[as_.constant(value.data(), 32)];
  }
  Address indices(const Permutation& p) {
    std::array<std::int32_t, 8> index;
    for (int i = 0; i < 8; ++i) index[static_cast<std::size_t>(i)] = p[i] % 8;
    return as_.ptr[as_.constant(index.data(), 32)];
  }

  void perm64(const Permutation& p, int dst, int a, int b, int temp) {
    std::uint8_t imm = 0, from_b = 0;
    int s0 = 0, s1 = 0;
    const auto pick = [&](int s) { return full(s ? b : a); };
    if (p.blend(imm)) return as_.vblendpd(full(dst), full(a), full(b), imm);
    if (p.shuffle64(s0, s1, imm)) return as_.vshufpd(full(dst), pick(s0), pick(s1), imm);
    imm = 0;
    for (int i = 0; i < 4; ++i) {
      imm = static_cast<std::uint8_t>(imm | p[i] % 4 << 2 * i);
      from_b = static_cast<std::uint8_t>(from_b | p[i] / 4 << i);
    }
    if (p.single()) return as_.vpermpd(full(dst), pick(p.first()), imm);
    as_.vpermpd(full(temp), full(b), imm);
    as_.vpermpd(full(dst), full(a), imm);
    as_.vblendpd(full(dst), full(dst), full(temp), from_b);
  }

  // The largest aligned piece that starts at byte `at` of a 16-byte register and ends by `hi`.
  static int piece(int at, int hi) {
    int size = 16;
    while (at % size != 0 || at + size > hi) size /= 2;
    return size;
  }
  // Bytes lo..hi of `x` to the same bytes behind `to`; no other byte is touched.
  void store_pieces(const Xmm& x, const RegExp& to, int lo, int hi) {
    for (int at = lo, size = 0; at < hi; at += size) {
      size = piece(at, hi);
      const Address place = as_.ptr[to + static_cast<std::size_t>(at)];
      const auto n = static_cast<std::uint8_t>(at / size);
      switch (size) {
        case 16:
          as_.vmovups(place, x);
          break;
        case 8:
          n ? as_.vmovhps(place, x) : as_.vmovlps(place, x);
          break;
        case 4:
          n ? as_.vextractps(place, x, n) : as_.vmovss(place, x);
          break;
        default:
          as_.vpextrw(place, x, n);
          break;
      }
    }
  }
  // The reverse; the other bytes of `x` become 0.
  void load_pieces(const Xmm& x, const RegExp& from, int lo, int hi) {
    as_.vpxor(x, x, x);
    for (int at = lo, size = 0; at < hi; at += size) {
      size = piece(at, hi);
      const Address place = as_.ptr[from + static_cast<std::size_t>(at)];
      const auto n = static_cast<std::uint8_t>(at / size);
      switch (size) {
        case 16:
          as_.vmovups(x, place);
          break;
        case 8:
          as_.vpinsrq(x, x, place, n);
          break;
        case 4:
          as_.vpinsrd(x, x, place, n);
          break;
        case 2:
          as_.vpinsrw(x, x, place, n);
          break;
        default:
          as_.vpinsrb(x, x, place, n);
          break;
      }
    }
  }

  // Eight bf16 in the low half of `temp`; destroys temp .. temp + 2.
  void to_bf16(int src, int temp) {
    const Ymm t = full(temp), u = full(temp + 1), w = full(temp + 2), x = full(src);
    const auto word = [&](std::uint32_t v) { return splat(DType::i32, v); };
    as_.vpsrld(t, x, 16);
    as_.vpand(t, t, word(1));
    as_.vpaddd(t, t, x);
    as_.vpaddd(t, t, word(bf16::kRoundUp));
    as_.vcmpps(u, x, x, bf16::kUnordered);
    as_.vblendvps(t, t, word(bf16::kQuietNan), u);
    as_.vpand(u, x, word(bf16::kExponent));
    as_.vpxor(w, w, w);
    as_.vpcmpeqd(u, u, w);
    as_.vpand(w, x, word(bf16::kSign));
    as_.vblendvps(t, t, w, u);
    as_.vpsrld(t, t, 16);
    as_.vpackusdw(t, t, t);
    as_.vpermq(t, t, 0x08);
  }
};

}  // namespace

std::unique_ptr<Isa> make_avx2(Assembler& as) { return std::make_unique<Avx2>(as); }

}  // namespace tconv::jit

// Ops of registers only, which belong to one thread: compiled without the thread sanitizer.
#include "ir/lane_ops.h"

#include <array>
#include <cstring>

#include "ir/lane.h"
#include "ir/op_math.h"

namespace tconv::ir {
namespace {

// Inlined so that it is compiled for its caller's instruction set.
template <Op op, class T>
[[gnu::always_inline]] inline void each_lane(std::byte* dst, const std::byte* a, const std::byte* b,
                                             const std::byte* c) {
#pragma GCC ivdep
  for (std::size_t i = 0; i < kLaneBytes / sizeof(T); ++i) {
    T y{}, z{};
    if constexpr (op != Op::mov && op != Op::sqrt && op != Op::round) y = get_lane<T>(b, i);
    if constexpr (op == Op::fma || op == Op::sel) z = get_lane<T>(c, i);
    put_lane(dst, i, op_math::apply<op, T>(get_lane<T>(a, i), y, z));
  }
}
template <Op op, class T>
void lanes(std::byte* dst, const std::byte* a, const std::byte* b, const std::byte* c) {
  each_lane<op, T>(dst, a, b, c);
}
[[gnu::always_inline]] inline void each_dot2(std::byte* dst, const std::byte* a, const std::byte* b,
                                             const std::byte* c) {
  for (std::size_t i = 0; i < kLaneBytes / sizeof(float); ++i)
    put_lane(dst, i,
             op_math::dot2(get_lane<std::uint32_t>(a, i), get_lane<std::uint32_t>(b, i),
                           get_lane<float>(c, i)));
}
void dot2_lanes(std::byte* dst, const std::byte* a, const std::byte* b, const std::byte* c) {
  each_dot2(dst, a, b, c);
}

// The same code compiled for CPUs that have the instruction; std::fma rounds once either way.
#if defined(__x86_64__) && defined(__GNUC__)
#define TCONV_WITH_FMA __attribute__((target("avx2,fma")))
bool has_fma() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
#else
#define TCONV_WITH_FMA
bool has_fma() { return false; }
#endif
template <class T>
TCONV_WITH_FMA void fma_lanes(std::byte* dst, const std::byte* a, const std::byte* b,
                              const std::byte* c) {
  each_lane<Op::fma, T>(dst, a, b, c);
}
TCONV_WITH_FMA void dot2_fma_lanes(std::byte* dst, const std::byte* a, const std::byte* b,
                                   const std::byte* c) {
  each_dot2(dst, a, b, c);
}
#undef TCONV_WITH_FMA

template <Op op, class T>
constexpr LaneOp entry() {
  if constexpr (op_math::is_lanewise<op, T>)
    return lanes<op, T>;
  else
    return nullptr;
}
template <class T>
constexpr std::array<LaneOp, kOpCount> kLaneOps = {
#define X(op, arity, text) entry<Op::op, T>(),
    TCONV_IR_OPS(X)
#undef X
};

// Only moves and bits have a meaning for a pair.
bool pair_op(Op op) {
  switch (op) {
    case Op::mov:
    case Op::and_:
    case Op::or_:
    case Op::xor_:
    case Op::shl:
    case Op::shr:
    case Op::sra:
    case Op::iadd:
    case Op::isub:
    case Op::sel:
      return true;
    default:
      return false;
  }
}

}  // namespace

LaneOp lane_op(Op op, DType type) {
  static const bool fma = has_fma();
  const auto i = static_cast<std::size_t>(op);
  switch (type) {
    case DType::f32:
      if (op == Op::dot2) return fma ? dot2_fma_lanes : dot2_lanes;
      return fma && op == Op::fma ? fma_lanes<float> : kLaneOps<float>[i];
    case DType::f64:
      return fma && op == Op::fma ? fma_lanes<double> : kLaneOps<double>[i];
    case DType::i32:
      return kLaneOps<std::int32_t>[i];
    case DType::f16:
      return kLaneOps<op_math::Half>[i];
    case DType::bf16x2:
      return pair_op(op) ? kLaneOps<std::int32_t>[i] : nullptr;
    default:
      return nullptr;
  }
}

void lane_perm(std::byte* dst, const std::byte* a, const std::byte* b, const int* lanes,
               std::size_t count, std::size_t lane_bytes) {
  std::array<std::byte, kLaneBytes> out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto from = static_cast<std::size_t>(lanes[i]);
    const std::byte* lane = from < count ? a + from * lane_bytes : b + (from - count) * lane_bytes;
    std::memcpy(out.data() + i * lane_bytes, lane, lane_bytes);
  }
  std::memcpy(dst, out.data(), count * lane_bytes);
}

}  // namespace tconv::ir

// op_math against values worked out by hand and against the CPU's own instructions where it has
// them.
#include "ir/op_math.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "ir/lane_ops.h"
#include "tests/support/test_data.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tconv::ir::op_math {
namespace {

using test::is_nan_bits;
using test::same_value;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kDenormal = 0x1p-149F;

bool same_half(std::uint16_t a, std::uint16_t b) {
  const auto nan = [](std::uint16_t h) { return (h & 0x7fff) > 0x7c00; };
  return a == b || (nan(a) && nan(b));
}
bool same_bf16(std::uint16_t a, std::uint16_t b) {
  return same_value(bf16_to_f32(a), bf16_to_f32(b));
}

TEST(OpMath, FmaRoundsOnce) {
  // a * a = 1 + 2^-11 + 2^-24 needs 25 bits: rounded on the way it loses the last one.
  const float a = 1 + 0x1p-12F;
  EXPECT_EQ(fma(a, a, -(1 + 0x1p-11F)), 0x1p-24F);
  EXPECT_EQ(sub(mul(a, a), 1 + 0x1p-11F), 0.0F);
  // The exact sum lies a hair above a tie that the double result rounds to.
  EXPECT_EQ(fma(0x1p-60F, 0x1p-60F, 1 + 0x1p-23F), 1 + 0x1p-23F);
  EXPECT_EQ(fma(1 + 0x1p-23F, 1 + 0x1p-23F, 0x1p-126F * 0x1p-20F), 1 + 0x1p-22F);
  const double d = 1 + 0x1p-27;
  EXPECT_EQ(fma(d, d, -(1 + 0x1p-26)), 0x1p-54);
  EXPECT_EQ(fma(kDenormal, 1.0F, kDenormal), 2 * kDenormal);
  EXPECT_TRUE(std::isnan(fma(0.0F, kInf, 1.0F)));
  EXPECT_TRUE(std::isnan(fma(kInf, 1.0F, -kInf)));
}

TEST(OpMath, ArithmeticSpecials) {
  EXPECT_TRUE(same_value(add(-0.0F, 0.0F), 0.0F));
  EXPECT_TRUE(same_value(sub(-0.0F, 0.0F), -0.0F));
  EXPECT_TRUE(same_value(mul(-0.0F, 5.0F), -0.0F));
  EXPECT_TRUE(same_value(div(1.0F, -0.0F), -kInf));
  EXPECT_TRUE(std::isnan(div(0.0F, 0.0F)));
  EXPECT_TRUE(same_value(op_math::sqrt(-0.0F), -0.0F));
  EXPECT_TRUE(std::isnan(op_math::sqrt(-1.0F)));
  EXPECT_EQ(op_math::sqrt(2.0F), 0x1.6a09e6p+0F);
  EXPECT_EQ(op_math::sqrt(kDenormal), 0x1.6a09e6p-75F);
  EXPECT_EQ(add(kDenormal, kDenormal), 2 * kDenormal);
  EXPECT_EQ(mul(0x1p-75F, 0x1p-74F), kDenormal);
}

TEST(OpMath, IntegersWrap) {
  constexpr std::int32_t top = std::numeric_limits<std::int32_t>::max();
  constexpr std::int32_t bottom = std::numeric_limits<std::int32_t>::min();
  EXPECT_EQ(add(top, 1), bottom);
  EXPECT_EQ(sub(bottom, 1), top);
  EXPECT_EQ(mul(0x10001, 0x10001), 0x20001);
  EXPECT_EQ(fma(top, 2, 3), 1);
  EXPECT_EQ(op_math::max(-1, 1), 1);
  EXPECT_EQ(op_math::min(-1, 1), -1);
  EXPECT_EQ(lt(-1, 0), -1);
  EXPECT_EQ(lt(0, -1), 0);
}

TEST(OpMath, MaxAndMinTakeTheSecondUnlessTheComparisonHolds) {
  EXPECT_TRUE(same_value(op_math::max(0.0F, -0.0F), -0.0F));
  EXPECT_TRUE(same_value(op_math::max(-0.0F, 0.0F), 0.0F));
  EXPECT_TRUE(same_value(op_math::min(0.0F, -0.0F), -0.0F));
  EXPECT_TRUE(same_value(op_math::max(0.0F, kNan), kNan)) << "relu keeps NaN";
  EXPECT_TRUE(same_value(op_math::max(kNan, 0.0F), 0.0F));
  EXPECT_TRUE(same_value(op_math::min(kNan, 3.0F), 3.0F));
  EXPECT_EQ(op_math::max(2.0F, 1.0F), 2.0F);
  EXPECT_EQ(op_math::min(kInf, -kInf), -kInf);
}

TEST(OpMath, RoundTiesToEven) {
  EXPECT_TRUE(same_value(op_math::round(0.5F), 0.0F));
  EXPECT_TRUE(same_value(op_math::round(-0.5F), -0.0F));
  EXPECT_TRUE(same_value(op_math::round(-0.0F), -0.0F));
  EXPECT_EQ(op_math::round(1.5F), 2.0F);
  EXPECT_EQ(op_math::round(2.5F), 2.0F);
  EXPECT_EQ(op_math::round(-2.5), -2.0);
  for (std::uint32_t b : test::sampled_f32_bits(65537)) {
    const auto x = from_bits<float>(b);
    ASSERT_TRUE(same_value(op_math::round(x), std::nearbyint(x))) << x;
    const double d = x * 1.000000059604644775390625;
    ASSERT_TRUE(std::isnan(d) || op_math::round(d) == std::nearbyint(d)) << d;
  }
}

TEST(OpMath, Bits) {
  EXPECT_EQ(to_bits(and_(-1.5F, from_bits<float>(0x7fffffff))), to_bits(1.5F));
  EXPECT_EQ(or_(1.0F, -0.0F), -1.0F);
  EXPECT_EQ(xor_(-1.0F, -0.0F), 1.0F);
  EXPECT_EQ(to_bits(shl(from_bits<float>(0x81), from_bits<float>(23))), 0x40800000U);
  EXPECT_EQ(shr(-1, 31), 1);
  EXPECT_EQ(sra(-8, 2), -2);
  EXPECT_EQ(sra(-8, 40), -1);
  EXPECT_EQ(shl(1, 32), 0);
  EXPECT_EQ(shr(-1, 32), 0);
  EXPECT_EQ(to_bits(shl(from_bits<double>(3), from_bits<double>(52))), std::uint64_t{3} << 52);
  EXPECT_EQ(to_bits(iadd(from_bits<double>(~std::uint64_t{0}), from_bits<double>(2))), 1U);
  EXPECT_EQ(to_bits(isub(from_bits<float>(0), from_bits<float>(1))), 0xffffffffU);
}

TEST(OpMath, CompareAndSelect) {
  EXPECT_EQ(to_bits(lt(1.0F, 2.0F)), 0xffffffffU);
  EXPECT_EQ(to_bits(lt(-0.0F, 0.0F)), 0U);
  EXPECT_EQ(to_bits(lt(kNan, 0.0F)), 0U);
  EXPECT_EQ(to_bits(lt(0.0F, kNan)), 0U);
  EXPECT_EQ(to_bits(lt(1.0, 2.0)), ~std::uint64_t{0});
  EXPECT_EQ(sel(-0.0F, 1.0F, 2.0F), 1.0F);
  EXPECT_EQ(sel(0.0F, 1.0F, 2.0F), 2.0F);
  EXPECT_EQ(sel(from_bits<float>(0xffc00000), 1.0F, 2.0F), 1.0F);
  EXPECT_EQ(sel(-1.0, 1.0, 2.0), 1.0);
}

TEST(OpMath, F16RoundTripsAndRounds) {
  for (std::uint32_t h = 0; h < 0x10000; ++h) {
    const auto half = static_cast<std::uint16_t>(h);
    ASSERT_TRUE(same_half(f32_to_f16(f16_to_f32(half)), half)) << h;
    // Halfway to the next value goes to the even one, a hair more or less to the nearer.
    if ((h & 0x7fff) >= 0x7bff) continue;
    const float low = f16_to_f32(half), high = f16_to_f32(static_cast<std::uint16_t>(h + 1));
    const float middle = (low + high) / 2;
    ASSERT_EQ(f32_to_f16(middle), h % 2 == 0 ? h : h + 1) << h;
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, low)), h);
    ASSERT_EQ(f32_to_f16(std::nextafter(middle, high)), h + 1);
  }
  EXPECT_EQ(f32_to_f16(65519.996F), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0F), 0x7c00);
  EXPECT_EQ(f32_to_f16(-kInf), 0xfc00);
  EXPECT_EQ(f32_to_f16(from_bits<float>(0x7f800001)), 0x7e00) << "quiet";
  EXPECT_EQ(to_bits(f16_to_f32(0x7c01)), 0x7fc02000U) << "quiet";
}

TEST(OpMath, Bf16RoundsAndFlushes) {
  EXPECT_EQ(f32_to_bf16(from_bits<float>(0x3f808000)), 0x3f80) << "tie to even";
  EXPECT_EQ(f32_to_bf16(from_bits<float>(0x3f818000)), 0x3f82) << "tie to even";
  EXPECT_EQ(f32_to_bf16(from_bits<float>(0x7f7f8000)), 0x7f80) << "overflow";
  EXPECT_EQ(f32_to_bf16(from_bits<float>(0x807fffff)), 0x8000) << "denormal";
  EXPECT_EQ(f32_to_bf16(from_bits<float>(0x7f800001)), 0x7fc0) << "quiet";
  for (std::uint32_t h = 0; h < 0x10000; ++h) {
    const auto x = static_cast<std::uint16_t>(h);
    const bool denormal = (h & 0x7f80) == 0;
    ASSERT_TRUE(same_bf16(f32_to_bf16(bf16_to_f32(x)),
                          denormal ? static_cast<std::uint16_t>(h & 0x8000) : x))
        << h;
  }
}

TEST(OpMath, Dot2IsTwoFmasHighFirst) {
  const auto pair = [](float high, float low) { return to_bits(high) | to_bits(low) >> 16; };
  EXPECT_EQ(dot2(pair(2, 3), pair(5, 7), 100), 131);
  // High first: 2^30 swallows the 1 of the accumulator, then -2^30 takes it away again.
  EXPECT_EQ(dot2(pair(0x1p15F, -0x1p15F), pair(0x1p15F, 0x1p15F), 1), 0);
  EXPECT_EQ(dot2(pair(from_bits<float>(0x00400000), 0), pair(0x1p100F, 0), 0), 0) << "input";
  EXPECT_EQ(dot2(0, 0, from_bits<float>(0x00400000)), 0) << "accumulator";
  EXPECT_EQ(dot2(pair(0, 0x1p-70F), pair(0, 0x1p-70F), 0), 0) << "result";
  // Just below the smallest normal number, and the tie that rounds up to it.
  EXPECT_EQ(dot2(0x3301, 0x8080, 0x1p-126F), 0);
  EXPECT_EQ(dot2(0x3300, 0x8080, 0x1p-126F), 0x1p-126F);
  EXPECT_TRUE(same_value(dot2(pair(0, -0x1p-70F), pair(0, 0x1p-70F), -0.0F), -0.0F));
}

// Every op of the table as executed on whole registers equals its scalar, in place as well.
template <class T>
void check_lanes(DType type) {
  constexpr std::size_t count = kLaneBytes / sizeof(T);
  std::mt19937_64 generator(1);
  const auto special = test::special_f32_bits();
  const auto random_lane = [&] {
    if constexpr (sizeof(T) == 4)
      return from_bits<T>(special[generator() % special.size()]);
    else
      return static_cast<T>(from_bits<float>(special[generator() % special.size()])) *
             static_cast<T>(1 + static_cast<double>(generator() % 3) * 0x1p-40);
  };
  for (int round = 0; round < 300; ++round) {
    T a[count], b[count], c[count], out[count];
    for (std::size_t i = 0; i < count; ++i)
      a[i] = random_lane(), b[i] = random_lane(), c[i] = random_lane();
#define X(op_name, arity, text)                                                                    \
  if constexpr (is_lanewise<Op::op_name, T>) {                                                     \
    const bool shift = Op::op_name == Op::shl || Op::op_name == Op::shr || Op::op_name == Op::sra; \
    T y[count];                                                                                    \
    for (std::size_t i = 0; i < count; ++i)                                                        \
      y[i] = shift ? from_bits<T>(static_cast<Bits<T>>(round % 70)) : b[i];                        \
    std::memcpy(out, a, sizeof a);                                                                 \
    auto* bytes_out = reinterpret_cast<std::byte*>(out);                                           \
    lane_op(Op::op_name, type)(bytes_out, bytes_out, reinterpret_cast<const std::byte*>(y),        \
                               reinterpret_cast<const std::byte*>(c));                             \
    for (std::size_t i = 0; i < count; ++i) {                                                      \
      const T want = apply<Op::op_name, T>(a[i], y[i], c[i]);                                      \
      ASSERT_TRUE(to_bits(out[i]) == to_bits(want) || (out[i] != out[i] && want != want))          \
          << #op_name << " of " << name(type) << ": " << a[i] << " " << y[i] << " " << c[i];       \
    }                                                                                              \
  } else {                                                                                         \
    if constexpr (Op::op_name != Op::dot2) {                                                       \
      EXPECT_EQ(lane_op(Op::op_name, type), nullptr);                                              \
    }                                                                                              \
  }
    TCONV_IR_OPS(X)
#undef X
  }
}
TEST(LaneOps, F32) { check_lanes<float>(DType::f32); }
TEST(LaneOps, F64) { check_lanes<double>(DType::f64); }
TEST(LaneOps, F16HasTheOpsOfSums) {
  for (int op = 0; op < kOpCount; ++op)
    EXPECT_EQ(lane_op(static_cast<Op>(op), DType::f16) != nullptr,
              is_half_op(static_cast<Op>(op)) && static_cast<Op>(op) != Op::perm);
}
TEST(LaneOps, I32) { check_lanes<std::int32_t>(DType::i32); }
TEST(LaneOps, PairsOnlyMove) {
  EXPECT_NE(lane_op(Op::mov, DType::bf16x2), nullptr);
  EXPECT_NE(lane_op(Op::xor_, DType::bf16x2), nullptr);
  EXPECT_EQ(lane_op(Op::add, DType::bf16x2), nullptr);
  EXPECT_EQ(lane_op(Op::dot2, DType::bf16x2), nullptr);
}

#if defined(__x86_64__)
#define TCONV_NEEDS(feature) \
  if (!__builtin_cpu_supports(feature)) GTEST_SKIP() << "this CPU has no " << feature

__attribute__((target("avx,f16c"))) void f16c(const float* in, std::uint16_t* half,
                                              const std::uint16_t* in_half, float* out) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(half), _mm256_cvtps_ph(_mm256_loadu_ps(in), 0));
  _mm256_storeu_ps(out,
                   _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(in_half))));
}
TEST(OpMathHardware, F16C) {
  TCONV_NEEDS("f16c");
  std::uint16_t half[8], in_half[8];
  float in[8] = {}, out[8];
  for (std::uint32_t h = 0; h < 0x10000; h += 8) {
    for (std::uint32_t i = 0; i < 8; ++i) in_half[i] = static_cast<std::uint16_t>(h + i);
    f16c(in, half, in_half, out);
    for (std::size_t i = 0; i < 8; ++i)
      ASSERT_EQ(to_bits(f16_to_f32(in_half[i])), to_bits(out[i])) << h + i;
  }
  const auto bits = test::sampled_f32_bits(1009);
  for (std::size_t n = 0; n + 8 <= bits.size(); n += 8) {
    for (std::size_t i = 0; i < 8; ++i) in[i] = from_bits<float>(bits[n + i]);
    f16c(in, half, in_half, out);
    for (std::size_t i = 0; i < 8; ++i)
      ASSERT_EQ(f32_to_f16(in[i]), half[i]) << std::hex << bits[n + i];
  }
}

__attribute__((target("avx512f,avx512bf16"))) void to_bf16(const float* in, std::uint16_t* out) {
  const auto v = _mm512_cvtneps_pbh(_mm512_loadu_ps(in));
  std::memcpy(out, &v, sizeof v);
}
TEST(OpMathHardware, Vcvtneps2bf16) {
  TCONV_NEEDS("avx512bf16");
  float in[16];
  std::uint16_t out[16];
  const auto bits = test::sampled_f32_bits(1013);
  for (std::size_t n = 0; n + 16 <= bits.size(); n += 16) {
    for (std::size_t i = 0; i < 16; ++i) in[i] = from_bits<float>(bits[n + i]);
    to_bf16(in, out);
    for (std::size_t i = 0; i < 16; ++i)
      ASSERT_EQ(f32_to_bf16(in[i]), out[i]) << std::hex << bits[n + i];
  }
}

__attribute__((target("avx512f,avx512bf16"))) void hardware_dot2(const std::uint32_t* a,
                                                                 const std::uint32_t* b,
                                                                 const float* acc, float* out) {
  __m512bh x, y;
  std::memcpy(&x, a, sizeof x);
  std::memcpy(&y, b, sizeof y);
  _mm512_storeu_ps(out, _mm512_dpbf16_ps(_mm512_loadu_ps(acc), x, y));
}
TEST(OpMathHardware, Vdpbf16ps) {
  TCONV_NEEDS("avx512bf16");
  std::mt19937_64 generator(7);
  const auto special = test::special_f32_bits();
  // Any bits; moderate numbers; the specials; results among the denormals; results at their edge.
  const auto operand = [&](int family) {
    const std::uint64_t r = generator();
    const auto any = static_cast<std::uint32_t>(r);
    if (family == 0) return any;
    if (family == 1) return (any & 0x83ff83ff) | 0x3c003c00;
    if (family == 2) return special[r % special.size()] | special[(r >> 32) % special.size()] >> 16;
    if (family == 3) return (any & 0x81ff81ff) | 0x1f001f00;
    return (any & 0x80018001) | (r >> 32 & 1 ? 0x32803280 : 0x00800080);
  };
  const auto accumulator = [&](int family) {
    const std::uint64_t r = generator();
    const auto any = static_cast<std::uint32_t>(r);
    if (family == 1) return (any & 0x83ffffff) | 0x3c000000;
    if (family == 2) return special[r % special.size()];
    if (family == 3) return any & 0x80ffffff;
    if (family == 4) return (any & 0x80000001) | 0x00800000;
    return any;
  };
  std::uint32_t a[16], b[16], c[16];
  float acc[16], out[16];
  for (int family = 0; family < 5; ++family) {
    int mismatches = 0, lanes = 0;
    for (int n = 0; n < 30000; ++n) {
      for (int i = 0; i < 16; ++i)
        a[i] = operand(family), b[i] = operand(family), c[i] = accumulator(family);
      std::memcpy(acc, c, sizeof acc);
      hardware_dot2(a, b, acc, out);
      for (int i = 0; i < 16; ++i, ++lanes)
        if (!same_value(dot2(a[i], b[i], acc[i]), out[i]) && mismatches++ < 5)
          ADD_FAILURE() << std::hex << "family " << family << " " << a[i] << " " << b[i] << " "
                        << c[i] << ": " << to_bits(dot2(a[i], b[i], acc[i])) << " hardware "
                        << to_bits(out[i]);
    }
    std::printf("vdpbf16ps, operands of family %d: %d of %d lanes differ\n", family, mismatches,
                lanes);
  }
}
#endif

}  // namespace
}  // namespace tconv::ir::op_math

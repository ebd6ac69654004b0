// Arithmetic of half against sums in integers wide enough to be exact, and against the CPU where it
// has the instructions.
#include <gtest/gtest.h>

#include <bit>
#include <random>

#include "ir/lane_ops.h"
#include "ir/op_math.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tconv::ir::op_math {
namespace {

__extension__ typedef __int128 Wide;
__extension__ typedef unsigned __int128 Unsigned;

constexpr std::uint16_t kNan = 0x7e00, kInfinity = 0x7c00;

bool is_nan(std::uint16_t h) { return (h & 0x7fff) > kInfinity; }
bool is_infinite(std::uint16_t h) { return (h & 0x7fff) == kInfinity; }
bool negative(std::uint16_t h) { return (h & 0x8000) != 0; }
bool same(std::uint16_t a, std::uint16_t b) { return a == b || (is_nan(a) && is_nan(b)); }

// In units of 2^-24, of which every finite half is a whole number.
std::int64_t units(std::uint16_t h) {
  const int exponent = h >> 10 & 31;
  const std::int64_t mantissa = h & 1023;
  const std::int64_t size = exponent == 0 ? mantissa : (1024 + mantissa) << (exponent - 1);
  return negative(h) ? -size : size;
}

// The half nearest to sum * 2^-48, ties to even; `zero` where the sum is 0.
std::uint16_t nearest(Wide sum, std::uint16_t zero) {
  if (sum == 0) return zero;
  const auto sign = static_cast<std::uint16_t>(sum < 0 ? 0x8000 : 0);
  const Unsigned size = sum < 0 ? -static_cast<Unsigned>(sum) : static_cast<Unsigned>(sum);
  int top = 0;
  while (size >> top > 1) ++top;
  const int last = std::max(top - 10, 24);  // place of the result's last bit
  const Unsigned rest = size & ((Unsigned{1} << last) - 1), tie = Unsigned{1} << (last - 1);
  auto mantissa = static_cast<std::uint32_t>(size >> last);
  if (rest > tie || (rest == tie && mantissa % 2 == 1)) ++mantissa;
  // 2048 is 1024 of the next exponent, and 1024 among denormals the smallest normal number.
  const std::uint32_t bits = mantissa + (static_cast<std::uint32_t>(last - 24) << 10);
  return static_cast<std::uint16_t>(sign | std::min<std::uint32_t>(bits, kInfinity));
}

std::uint16_t exact_fma(std::uint16_t a, std::uint16_t b, std::uint16_t c) {
  const bool minus = negative(a) != negative(b);
  if (is_nan(a) || is_nan(b) || is_nan(c)) return kNan;
  if (is_infinite(a) || is_infinite(b)) {
    if ((a & 0x7fff) == 0 || (b & 0x7fff) == 0) return kNan;
    if (is_infinite(c) && negative(c) != minus) return kNan;
    return minus ? 0xfc00 : 0x7c00;
  }
  if (is_infinite(c)) return c;
  const Wide product = static_cast<Wide>(units(a)) * units(b);
  const bool both_minus = minus && negative(c);  // of two zeros
  const bool zeros = product == 0 && units(c) == 0;
  return nearest(product + (static_cast<Wide>(units(c)) << 24), zeros && both_minus ? 0x8000 : 0);
}
std::uint16_t exact_add(std::uint16_t a, std::uint16_t b) { return exact_fma(a, 0x3c00, b); }
std::uint16_t exact_mul(std::uint16_t a, std::uint16_t b) { return exact_fma(a, b, 0x8000); }

constexpr std::uint16_t kSpecial[] = {
    0x0000, 0x0001, 0x0002, 0x0003, 0x01ff, 0x0200, 0x03ff, 0x0400, 0x0401, 0x07ff, 0x0800, 0x1000,
    0x13ff, 0x1400, 0x1401, 0x1800, 0x2e66, 0x3800, 0x3801, 0x3bff, 0x3c00, 0x3c01, 0x3fff, 0x4000,
    0x4200, 0x5bff, 0x5c00, 0x6800, 0x7800, 0x7bfe, 0x7bff, 0x7c00, 0x7c01, 0x7e00};

struct Triple {
  std::uint16_t a, b, c;
};

// Any bits; sums that cancel to the product's last bits; products around half a unit in the last
// place of the sum, where roundings meet; denormals; the edge of infinity.
Triple random_triple(std::mt19937_64& random, int family) {
  const auto bits = [&] { return static_cast<std::uint16_t>(random()); };
  Triple t{bits(), bits(), bits()};
  const auto close = [&](std::uint16_t h, int places) {
    return static_cast<std::uint16_t>(h + static_cast<int>(random() % 5) - 2 - (places << 10));
  };
  switch (family) {
    case 1:
      t.a = (t.a & 0x83ff) | 0x3800, t.b = (t.b & 0x83ff) | 0x3c00;
      t.c = close(exact_mul(t.a, t.b) ^ 0x8000, 0);
      break;
    case 2: {
      t.a = (t.a & 0x83ff) | 0x3c00;
      if (random() % 2 != 0) t.a &= 0xfc0f;
      t.b = static_cast<std::uint16_t>((t.b & 0x800f) | (10 + random() % 12) << 10);
      t.c =
          static_cast<std::uint16_t>(close(exact_mul(t.a, t.b), -11) & 0x7fff) | (bits() & 0x8000);
      break;
    }
    case 3:
      t.a &= 0xafff, t.b &= 0x9fff, t.c &= 0x87ff;
      break;
    case 4:
      t.a = (t.a & 0x83ff) | 0x5800, t.b = (t.b & 0x83ff) | 0x5800;
      t.c = (t.c & 0x8fff) | 0x7000;
      break;
    default:
      break;
  }
  return t;
}

template <class Check>
void each_triple(int random_count, const Check& check) {
  for (const std::uint16_t a : kSpecial)
    for (const std::uint16_t b : kSpecial)
      for (const std::uint16_t c : kSpecial)
        for (int signs = 0; signs < 8; ++signs)
          check(Triple{static_cast<std::uint16_t>(a | (signs & 1) << 15),
                       static_cast<std::uint16_t>(b | (signs & 2) << 14),
                       static_cast<std::uint16_t>(c | (signs & 4) << 13)});
  std::mt19937_64 random(11);
  for (int family = 0; family < 5; ++family)
    for (int n = 0; n < random_count; ++n) check(random_triple(random, family));
}

TEST(HalfMath, TheOracleKnowsItsNumbers) {
  EXPECT_EQ(exact_add(0x3c00, 0x3c00), 0x4000);  // 1 + 1
  EXPECT_EQ(exact_add(0x3c00, 0x1000), 0x3c00);  // 1 + 2^-11: the tie goes to the even one
  EXPECT_EQ(exact_add(0x3c01, 0x1000), 0x3c02);
  EXPECT_EQ(exact_fma(0x1000, 0x3c01, 0x3c00), 0x3c01);  // a hair above the tie
  EXPECT_EQ(exact_mul(0x0001, 0x0001), 0x0000);
  EXPECT_EQ(exact_mul(0x0001, 0x8001), 0x8000);
  EXPECT_EQ(exact_add(0x7bff, 0x4bff), 0x7bff);  // 65504 + 15.99
  EXPECT_EQ(exact_add(0x7bff, 0x4c00), 0x7c00);  // 65520: infinity begins
  EXPECT_EQ(exact_add(0x03ff, 0x0001), 0x0400);
  EXPECT_EQ(exact_add(0x0000, 0x8000), 0x0000);
  EXPECT_EQ(exact_add(0x8000, 0x8000), 0x8000);
}

TEST(HalfMath, IsTheExactResultRoundedOnce) {
  int hard = 0;  // where arithmetic in f32 rounds twice: the families are of some use
  each_triple(400'000, [&](const Triple& t) {
    const Half a{t.a}, b{t.b}, c{t.c};
    const std::uint16_t want = exact_fma(t.a, t.b, t.c);
    ASSERT_TRUE(same(fma(a, b, c).bits, want)) << std::hex << t.a << " * " << t.b << " + " << t.c
                                               << ": " << fma(a, b, c).bits << ", exactly " << want;
    const float single = std::fma(f16_to_f32(t.a), f16_to_f32(t.b), f16_to_f32(t.c));
    hard += same(f32_to_f16(single), want) ? 0 : 1;
    ASSERT_TRUE(same(add(a, b).bits, exact_add(t.a, t.b))) << std::hex << t.a << " " << t.b;
    ASSERT_TRUE(same(sub(a, b).bits, exact_add(t.a, is_nan(t.b) ? t.b : t.b ^ 0x8000)))
        << std::hex << t.a << " " << t.b;
    ASSERT_TRUE(same(mul(a, b).bits, exact_mul(t.a, t.b))) << std::hex << t.a << " " << t.b;
  });
  EXPECT_GT(hard, 100);
}

TEST(HalfMath, MaxAndMinTakeTheSecondUnlessTheComparisonHolds) {
  for (const std::uint16_t a : kSpecial)
    for (const std::uint16_t b : kSpecial)
      for (const int sign : {0x0000, 0x8000}) {
        const auto x = static_cast<std::uint16_t>(a | sign);
        const bool nan = is_nan(x) || is_nan(b);
        const auto key = [](std::uint16_t h) {
          return is_infinite(h) ? (negative(h) ? -1 : 1) * (std::int64_t{1} << 50) : units(h);
        };
        const std::uint16_t most = !nan && key(x) > key(b) ? x : b;
        const std::uint16_t least = !nan && key(x) < key(b) ? x : b;
        EXPECT_EQ(op_math::max(Half{x}, Half{b}).bits, most) << std::hex << x << " " << b;
        EXPECT_EQ(op_math::min(Half{x}, Half{b}).bits, least) << std::hex << x << " " << b;
      }
}

// What the interpreter executes on whole registers.
TEST(HalfMath, RegistersHoldTheSame) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 2000; ++round) {
    std::uint16_t a[32], b[32], c[32], out[32];
    for (int i = 0; i < 32; ++i) {
      const Triple t = random_triple(random, round % 5);
      a[i] = t.a, b[i] = t.b, c[i] = t.c;
    }
    lane_op(Op::fma, DType::f16)(
        reinterpret_cast<std::byte*>(out), reinterpret_cast<const std::byte*>(a),
        reinterpret_cast<const std::byte*>(b), reinterpret_cast<const std::byte*>(c));
    for (int i = 0; i < 32; ++i) ASSERT_TRUE(same(out[i], exact_fma(a[i], b[i], c[i])));
  }
}

#if defined(__x86_64__)
struct Results {
  std::uint16_t fma[32], add[32], mul[32], max[32], min[32];
};
__attribute__((target("avx512f,avx512bw,avx512vl,avx512fp16"))) void on_the_cpu(
    const std::uint16_t* a, const std::uint16_t* b, const std::uint16_t* c, Results& r) {
  const __m512h x = _mm512_castsi512_ph(_mm512_loadu_si512(a)),
                y = _mm512_castsi512_ph(_mm512_loadu_si512(b)),
                z = _mm512_castsi512_ph(_mm512_loadu_si512(c));
  _mm512_storeu_si512(r.fma, _mm512_castph_si512(_mm512_fmadd_ph(x, y, z)));
  _mm512_storeu_si512(r.add, _mm512_castph_si512(_mm512_add_ph(x, y)));
  _mm512_storeu_si512(r.mul, _mm512_castph_si512(_mm512_mul_ph(x, y)));
  _mm512_storeu_si512(r.max, _mm512_castph_si512(_mm512_max_ph(x, y)));
  _mm512_storeu_si512(r.min, _mm512_castph_si512(_mm512_min_ph(x, y)));
}
TEST(HalfMath, TheCpuAgrees) {
  if (!__builtin_cpu_supports("avx512fp16")) GTEST_SKIP() << "this CPU has no AVX512_FP16";
  std::vector<Triple> triples;
  each_triple(100'000, [&](const Triple& t) { triples.push_back(t); });
  std::size_t mismatches = 0;
  for (std::size_t n = 0; n + 32 <= triples.size(); n += 32) {
    std::uint16_t a[32], b[32], c[32];
    Results r;
    for (std::size_t i = 0; i < 32; ++i)
      a[i] = triples[n + i].a, b[i] = triples[n + i].b, c[i] = triples[n + i].c;
    on_the_cpu(a, b, c, r);
    for (std::size_t i = 0; i < 32; ++i) {
      const Half x{a[i]}, y{b[i]}, z{c[i]};
      const bool all = same(r.fma[i], fma(x, y, z).bits) && same(r.add[i], add(x, y).bits) &&
                       same(r.mul[i], mul(x, y).bits) && same(r.max[i], op_math::max(x, y).bits) &&
                       same(r.min[i], op_math::min(x, y).bits);
      if (!all && mismatches++ < 5) ADD_FAILURE() << std::hex << a[i] << " " << b[i] << " " << c[i];
    }
  }
  std::printf("AVX512_FP16: %zu of %zu triples differ\n", mismatches, triples.size());
}
#endif

}  // namespace
}  // namespace tconv::ir::op_math

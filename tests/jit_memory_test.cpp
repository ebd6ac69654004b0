// Loads, stores, broadcasts and permutations: every conversion and every range of lanes, with the
// data flush against guard pages; every permutation that has an instruction of its own.
#include <gtest/gtest.h>

#include "ir/builder.h"
#include "ir/interpret.h"
#include "ir/verify.h"
#include "jit/code_memory.h"
#include "jit/emit_xbyak.h"
#include "tests/support/random_values.h"

namespace tconv {
namespace {

using ir::Affine;
using ir::DType;

struct Conversion {
  std::string target;
  DType memory, reg;
};

std::string name_of(const testing::TestParamInfo<Conversion>& test) {
  return test.param.target + "_" + ir::name(test.param.memory) + "_" + ir::name(test.param.reg);
}

std::vector<Conversion> conversions() {
  std::vector<Conversion> list;
  for (const char* target : {"avx512", "avx2"})
    for (int m = 0; m < 8; ++m)
      for (const DType r : {DType::f32, DType::f64, DType::i32, DType::bf16x2})
        if (ir::converts(static_cast<DType>(m), r))
          list.push_back({target, static_cast<DType>(m), r});
  return list;
}

void check(const ir::Program& program, bool tame = false) {
  ASSERT_NO_THROW(ir::verify_or_throw(program));
  const auto code = jit::compile_xbyak(program);
  for (std::uint32_t seed = 0; seed < 3; ++seed)
    ASSERT_EQ(test::difference_from_interpreter(
                  program, *code, test::random_buffers(program, {}, seed, tame), {}, seed),
              "");
}

template <class Param>
class OnTarget : public testing::TestWithParam<Param> {
 protected:
  void need(const std::string& target) {
    std::string missing;
    if (!jit::host_supports(target, &missing)) GTEST_SKIP() << "this CPU has no " << missing;
  }
};

class JitMemory : public OnTarget<Conversion> {};

// The buffers are exactly as long as the lanes that are on: one byte more would fault.
TEST_P(JitMemory, EveryRangeOfLanesTouchesNothingElse) {
  const auto [target, memory, reg] = GetParam();
  need(target);
  if (IsSkipped()) return;
  const int lanes = ir::find_target(target)->lanes(reg);
  const bool stores = memory != DType::s8 && memory != DType::u8;
  for (int lo = 0; lo < lanes; ++lo) {
    for (int hi = lo + 1; hi <= lanes; ++hi) {
      ir::Builder b(*ir::find_target(target));
      const auto x = b.buffer("x", memory, {hi - lo}, ir::BufferKind::in);
      const auto y = b.buffer("y", reg, {lanes}, ir::BufferKind::out);
      const auto z = b.buffer("z", stores ? memory : reg, {hi - lo}, ir::BufferKind::inout);
      b.stage([&] {
        b.kernel("k", {{"p", 1}}, [&](std::span<const Affine>) {
          const auto r = b.vec("r", {}, reg);
          const ir::Lanes on = hi - lo == lanes ? ir::Lanes{} : ir::Lanes{lo, hi};
          b.mov(r(), ir::load({x, {-lo}}, on));
          b.store({y, {0}}, r());
          b.store({z, {-lo}}, r(), on);
        });
      });
      check(b.take());
    }
  }
}

TEST_P(JitMemory, BroadcastsAndStreams) {
  const auto [target, memory, reg] = GetParam();
  need(target);
  if (IsSkipped()) return;
  constexpr int kCount = 512;
  const int lanes = ir::find_target(target)->lanes(reg);
  const bool stores = memory != DType::s8 && memory != DType::u8;
  ir::Builder b(*ir::find_target(target));
  const auto x = b.buffer("x", memory, {kCount}, ir::BufferKind::in);
  const auto y = b.buffer("y", reg, {kCount, lanes}, ir::BufferKind::out, 64);
  const auto z = b.buffer("z", stores ? memory : reg, {kCount, lanes}, ir::BufferKind::out, 64);
  b.stage([&] {
    b.kernel("k", {{"p", kCount}}, [&](std::span<const Affine> p) {
      const auto r = b.vec("r", {}, reg);
      b.mov(r(), ir::bcast({x, {p[0]}}));
      b.store({y, {p[0], 0}}, r());
      b.store({z, {p[0], 0}}, r());
    });
    // Streaming stores write whole lines: both halves where a register is half a line.
    const int n = 64 / (lanes * ir::bytes(stores ? memory : reg));
    const auto v =
        b.buffer("v", stores ? memory : reg, {kCount, n, lanes}, ir::BufferKind::out, 64);
    b.kernel("s", {{"p", kCount}}, [&](std::span<const Affine> p) {
      const auto r = b.vec("r", {}, reg);
      b.mov(r(), ir::bcast({x, {p[0]}}));
      b.unroll("i", 0, n, [&](const Affine& i) { b.store({v, {p[0], i, 0}}, r(), {}, true); });
    });
  });
  check(b.take());
}

INSTANTIATE_TEST_SUITE_P(All, JitMemory, testing::ValuesIn(conversions()), name_of);

// CPUs without AVX512_BF16 must round the same way: the emulation runs here whatever this CPU has.
TEST(JitBf16, EmulationRoundsAsTheInterpreter) {
  std::string missing;
  if (!jit::host_supports("avx512", &missing)) GTEST_SKIP() << "this CPU has no " << missing;
  const ir::Target& target = *ir::find_target("avx512");
  constexpr int kCount = 1 << 14;
  ir::Builder b(target);
  const auto x = b.buffer("x", DType::f32, {kCount, 16}, ir::BufferKind::in);
  const auto y = b.buffer("y", DType::bf16, {kCount, 16}, ir::BufferKind::out);
  b.stage([&] {
    b.kernel("k", {{"p", kCount}}, [&](std::span<const Affine> p) {
      const auto r = b.vec("r");
      b.mov(r(), ir::load({x, {p[0], 0}}));
      b.store({y, {p[0], 0}}, r());
    });
  });
  const ir::Program program = b.take();
  alignas(64) std::byte scratch[4096];
  jit::Assembler as(scratch, sizeof scratch);
  const auto isa = jit::make_avx512(as, {});
  jit::emit_kernel(program, target, program.stages[0].kernels[0], as, *isa);
  as.write_pool();
  const jit::CodeMemory memory({scratch, as.getSize()});
  const auto function =
      reinterpret_cast<ir::KernelFn>(const_cast<std::byte*>(memory.code().data()));
  std::mt19937 random(5);
  test::Bytes in(kCount * 64);
  test::fill_random(DType::f32, in, random, false);
  for (std::size_t i = 0; i < in.size(); i += 8) {  // every second element any bits at all
    const auto bits = static_cast<std::uint32_t>(random());
    std::memcpy(in.data() + i, &bits, 4);
  }
  test::Bytes actual(kCount * 32), expected = actual;
  void* arguments[] = {in.data(), actual.data()};
  function(arguments, nullptr, 0, kCount, nullptr);
  arguments[1] = expected.data();
  ir::interpret(program, arguments);
  for (std::size_t i = 0; i < actual.size(); i += 2) {
    std::uint16_t a = 0, e = 0;
    std::memcpy(&a, actual.data() + i, 2);
    std::memcpy(&e, expected.data() + i, 2);
    const bool both_nan = (a & 0x7fff) > 0x7f80 && (e & 0x7fff) > 0x7f80;
    ASSERT_TRUE(a == e || both_nan) << i / 2 << ": " << a << ", interpreter " << e;
  }
}

struct LaneType {
  std::string target;
  DType type;
};
std::string name_of_lanes(const testing::TestParamInfo<LaneType>& test) {
  return test.param.target + "_" + ir::name(test.param.type);
}

class JitPermutations : public OnTarget<LaneType> {};

// Everything one instruction can do, for either order of sources, and random ones.
std::vector<std::vector<int>> patterns(int n, int per_block) {
  std::vector<std::vector<int>> list;
  std::mt19937 random(3);
  const auto add = [&](const auto& lane) {
    std::vector<int> p;
    for (int i = 0; i < n; ++i) p.push_back(lane(i) % (2 * n));
    list.push_back(p);
    for (int& l : p) l = (l + n) % (2 * n);  // the sources swapped
    list.push_back(p);
  };
  const auto in_blocks = [&](const auto& lane) {
    add([&](int i) { return i / per_block * per_block + lane(i % per_block); });
  };
  add([](int i) { return i; });
  add([](int) { return 0; });
  add([](int i) { return i % 2 * 8; });
  add([n](int i) { return n - 1 - i; });
  add([](int i) { return 2 * i; });
  add([](int i) { return 2 * i + 1; });
  add([](int i) { return i + 3; });
  for (int half = 0; half < 2; ++half) {
    add([=](int i) { return half * n / 2 + i / 2 + i % 2 * n; });
    for (int width = 1; width <= per_block / 2; width *= 2) {
      const int from = half * per_block / 2;
      in_blocks(
          [=](int i) { return from + i / width % 2 * n + i / width / 2 * width + i % width; });
      in_blocks([=](int i) { return from + i / width / 2 * width + i % width; });
    }
  }
  for (int t = 0; t < 40; ++t) {
    const auto bits = static_cast<int>(random() & 0xffff);
    const auto pick = [=](int i) { return bits >> 2 * i & 3; };
    add([=](int i) { return i + (bits >> i & 1) * n; });
    if (per_block == 4) in_blocks([=](int i) { return pick(i) + i / 2 * n; });
    if (per_block == 4) in_blocks([=](int i) { return pick(i); });
    if (per_block == 2) in_blocks([=](int i) { return (bits >> i & 1) + i % 2 * n; });
    const int blocks = n / per_block;
    add([=](int i) {
      const int block = i / per_block;
      return (pick(block) % blocks + block / (blocks / 2) * blocks) * per_block + i % per_block;
    });
    add([=](int i) { return (pick(i / per_block) % (2 * blocks)) * per_block + i % per_block; });
    add([&](int) { return static_cast<int>(random() % static_cast<unsigned>(n)); });
    add([&](int) { return static_cast<int>(random() % static_cast<unsigned>(2 * n)); });
  }
  return list;
}

TEST_P(JitPermutations, EqualTheInterpreterWithEveryAliasing) {
  const auto [target, type] = GetParam();
  need(target);
  if (IsSkipped()) return;
  const int n = ir::find_target(target)->lanes(type);
  const auto list = patterns(n, 16 / ir::bytes(type));
  ir::Builder b(*ir::find_target(target));
  const auto x = b.buffer("x", type, {3, n}, ir::BufferKind::in);
  const auto y = b.buffer("y", type, {static_cast<int>(list.size()), 4, 3, n}, ir::BufferKind::out);
  for (int number = 0; number < static_cast<int>(list.size()); ++number) {
    b.stage([&] {
      b.kernel("k", {{"p", 1}}, [&](std::span<const Affine>) {
        for (int alias = 0; alias < 4; ++alias) {
          b.scope([&] {
            const auto r = b.vec("r", {3}, type);
            for (int i = 0; i < 3; ++i) b.mov(r(i), ir::load({x, {i, 0}}));
            const int d = alias < 3 ? alias : 2, second = alias < 3 ? 1 : 0;
            b.perm(r(d), r(0), r(second), list[static_cast<std::size_t>(number)]);
            for (int i = 0; i < 3; ++i) b.store({y, {number, alias, i, 0}}, r(i));
          });
        }
      });
    });
  }
  check(b.take());
}

INSTANTIATE_TEST_SUITE_P(All, JitPermutations,
                         testing::Values(LaneType{"avx512", DType::f32},
                                         LaneType{"avx512", DType::f64},
                                         LaneType{"avx512", DType::i32},
                                         LaneType{"avx2", DType::f32}, LaneType{"avx2", DType::f64},
                                         LaneType{"avx2", DType::i32}),
                         name_of_lanes);

}  // namespace
}  // namespace tconv

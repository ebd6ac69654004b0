// The interpreter: the example programs against the definition, and the promises of interpret.h.
#include "ir/interpret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "ir/builder.h"
#include "ir/op_math.h"
#include "tests/support/example_programs.h"
#include "tests/support/sanitizer.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tconv::ir {
namespace {

using test::AlignedVector;
using test::ExampleProgram;

class Examples : public testing::TestWithParam<std::string> {};

TEST_P(Examples, EqualTheDefinitionAndWriteEveryElementOnce) {
  ExampleProgram e = test::load_example(GetParam());
  const auto buffers = test::arguments(e);
  const Buffer& output = *std::find_if(e.program.buffers.begin(), e.program.buffers.end(),
                                       [](const Buffer& b) { return b.kind == BufferKind::out; });
  ASSERT_EQ(bytes_for(e.program, output, nullptr),
            static_cast<std::int64_t>(e.expected.size() * sizeof(float)));
  std::vector<int> writes(e.expected.size(), 0);
  interpret(e.program, buffers.data(), nullptr, [&](const Access& a) {
    const Buffer& buffer = e.program.buffers[a.buffer];
    ASSERT_GE(a.offset, 0);
    ASSERT_LE(a.offset + a.bytes, max_bytes(e.program, buffer))
        << buffer.name << " line " << a.line;
    EXPECT_TRUE(!a.write || buffer.kind != BufferKind::in);
    if (!a.write || buffer.kind != BufferKind::out) return;
    for (std::int64_t i = 0; i < a.bytes; i += 4)
      ++writes[static_cast<std::size_t>((a.offset + i) / 4)];
  });
  EXPECT_LT(test::worst_error(e), test::kExampleTolerance);
  EXPECT_EQ(std::count(writes.begin(), writes.end(), 1), std::ssize(writes));
}

TEST_P(Examples, GridPointsAreIndependent) {
  ExampleProgram e = test::load_example(GetParam());
  auto buffers = test::arguments(e);
  const Kernel& kernel = e.program.stages[0].kernels[0];
  const InterpretedKernel code(e.program, kernel);
  AlignedVector<std::byte> local(static_cast<std::size_t>(local_bytes(e.program)) + 1);
  for (std::int64_t p = grid_points(e.program, kernel, nullptr); p-- > 0;)
    code.run(buffers.data(), nullptr, p, p + 1, local.data());
  const auto backwards = e.buffers.back();
  buffers = test::arguments(e);
  interpret(e.program, buffers.data());
  EXPECT_EQ(
      std::memcmp(backwards.data(), e.buffers.back().data(), backwards.size() * sizeof(float)), 0);
}

INSTANTIATE_TEST_SUITE_P(, Examples, testing::ValuesIn(test::example_names()),
                         [](const auto& example) { return example.param; });

TEST(Interpret, Speed) {
  if (tests::kFewer > 1) GTEST_SKIP() << "a sanitizer's speed says nothing";
  ExampleProgram e = test::load_example("direct");
  const auto buffers = test::arguments(e);
  const auto start = std::chrono::steady_clock::now();
  interpret(e.program, buffers.data());
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  const double operations = 32.0 * 32 * 64 * 4 * 64;
  std::printf("direct.ir: %.0f million lane operations per second\n",
              operations / time.count() / 1e6);
}

// ---- small programs
// ------------------------------------------------------------------------------

const Target& tiny() { return *find_target("tiny"); }

Program one_kernel(Builder& b, std::int64_t points,
                   const std::function<void(const Affine&)>& body) {
  b.stage([&] { b.kernel("k", {{"g", points}}, [&](std::span<const Affine> g) { body(g[0]); }); });
  return b.take();
}

TEST(Interpret, RegistersAndLocalsAreNanAtEveryPoint) {
  Builder b(tiny());
  const ViewId y = b.buffer("y", DType::f32, {4, 3, 4}, BufferKind::out);
  const ViewId s = b.buffer("s", DType::f32, {4}, BufferKind::local);
  const Program p = one_kernel(b, 4, [&](const Affine& g) {
    const Reg r = b.vec("r"), one = b.vec("one");
    b.store({y, {g, 0, 0}}, r());
    b.mov(r(), load({s, {0}}));
    b.store({y, {g, 1, 0}}, r());
    b.mov(one(), f32(1));
    b.store({s, {0}}, one());
    b.loop("i", 0, 2, [&](const Affine& i) {
      const Reg inner = b.vec("inner");
      b.store({y, {g, 2, 2 * i}}, inner(), {0, 2});
      b.mov(inner(), f32(2));
    });
  });
  AlignedVector<float> y_data(48, 0);
  void* buffers[] = {y_data.data()};
  interpret(p, buffers);
  for (float v : y_data) EXPECT_TRUE(std::isnan(v));
}

TEST(Interpret, LanesThatAreOffReadAsZeroAndAreNotWritten) {
  Builder b(tiny());
  const ViewId x = b.buffer("x", DType::f32, {4}, BufferKind::in);
  const ViewId y = b.buffer("y", DType::f32, {8}, BufferKind::out);
  const Program p = one_kernel(b, 1, [&](const Affine&) {
    const Reg r = b.vec("r");
    b.mov(r(), load({x, {-1}}, {1, 3}));
    b.store({y, {0}}, r());
    b.store({y, {3}}, r(), {1, 2});
  });
  AlignedVector<float> x_data = {1, 2, 3, 4}, y_data(8, 9);
  void* buffers[] = {x_data.data(), y_data.data()};
  std::vector<Access> seen;
  interpret(p, buffers, nullptr, [&](const Access& a) { seen.push_back(a); });
  EXPECT_EQ(y_data, (AlignedVector<float>{0, 1, 2, 0, 1, 9, 9, 9}));
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].offset, 0);
  EXPECT_EQ(seen[0].bytes, 8);
  EXPECT_FALSE(seen[0].write);
  EXPECT_EQ(seen[2].buffer, 1U);
  EXPECT_EQ(seen[2].offset, 16);
  EXPECT_EQ(seen[2].bytes, 4);
  EXPECT_TRUE(seen[2].write);
}

TEST(Interpret, AThrowingHookStopsBeforeTheAccess) {
  Builder b(tiny());
  const ViewId y = b.buffer("y", DType::f32, {4}, BufferKind::out);
  const Program p = one_kernel(b, 1, [&](const Affine&) {
    const Reg r = b.vec("r");
    b.mov(r(), f32(1));
    b.store({y, {0}}, r());
    b.store({y, {std::int64_t{1} << 40}}, r());
  });
  AlignedVector<float> y_data(4, 0);
  void* buffers[] = {y_data.data()};
  const AccessHook hook = [](const Access& a) {
    if (a.offset + a.bytes > 16) throw std::out_of_range("outside");
  };
  EXPECT_THROW(interpret(p, buffers, nullptr, hook), std::out_of_range);
  EXPECT_EQ(y_data[3], 1);
}

TEST(Interpret, ConvertsInMemoryOnly) {
  Builder b(*find_target("avx2"));
  const ViewId h = b.buffer("h", DType::f16, {8}, BufferKind::in);
  const ViewId f = b.buffer("f", DType::bf16, {8}, BufferKind::in);
  const ViewId s = b.buffer("s", DType::s8, {8}, BufferKind::in);
  const ViewId u = b.buffer("u", DType::u8, {8}, BufferKind::in);
  const ViewId y = b.buffer("y", DType::f32, {2, 8}, BufferKind::out);
  const ViewId i = b.buffer("i", DType::i32, {2, 8}, BufferKind::out);
  const ViewId yh = b.buffer("yh", DType::f16, {8}, BufferKind::out);
  const ViewId yf = b.buffer("yf", DType::bf16, {8}, BufferKind::out);
  const Program p = one_kernel(b, 1, [&](const Affine&) {
    const Reg r = b.vec("r", {2}), n = b.vec("n", {}, DType::i32);
    b.mov(r(0), load({h, {0}}));
    b.op(Op::add, r(1), bcast({f, {1}}), r(0));
    b.store({y, {0, 0}}, r(0));
    b.store({y, {1, 0}}, r(1));
    b.store({yh, {0}}, r(1));
    b.store({yf, {0}}, r(1));
    b.mov(n(), load({s, {0}}));
    b.store({i, {0, 0}}, n());
    b.mov(n(), load({u, {0}}));
    b.store({i, {1, 0}}, n());
  });
  AlignedVector<std::uint16_t> h_data(8), f_data(8), yh_data(8), yf_data(8);
  AlignedVector<std::uint8_t> s_data(8);
  for (std::size_t n = 0; n < 8; ++n) {
    h_data[n] = op_math::f32_to_f16(0.25F * static_cast<float>(n));
    f_data[n] = op_math::f32_to_bf16(static_cast<float>(n) + 2);
    s_data[n] = static_cast<std::uint8_t>(250 + n);
  }
  AlignedVector<float> y_data(16);
  AlignedVector<std::int32_t> i_data(16);
  void* buffers[] = {h_data.data(), f_data.data(), s_data.data(),  s_data.data(),
                     y_data.data(), i_data.data(), yh_data.data(), yf_data.data()};
  interpret(p, buffers);
  for (std::size_t n = 0; n < 8; ++n) {
    const float want = 0.25F * static_cast<float>(n);
    EXPECT_EQ(y_data[n], want);
    EXPECT_EQ(y_data[8 + n], want + 3);
    EXPECT_EQ(yh_data[n], op_math::f32_to_f16(want + 3));
    EXPECT_EQ(yf_data[n], op_math::f32_to_bf16(want + 3));
    EXPECT_EQ(i_data[n], static_cast<std::int8_t>(s_data[n]));
    EXPECT_EQ(i_data[8 + n], s_data[n]);
  }
}

TEST(Interpret, PairsAndViewsOfOtherTypes) {
  Builder b(tiny());
  const ViewId x = b.buffer("x", DType::bf16, {16}, BufferKind::in);
  const ViewId pairs = b.view("pairs", x, 4, DType::bf16x2, {6});
  const ViewId y = b.buffer("y", DType::f32, {4}, BufferKind::out);
  const Program p = one_kernel(b, 1, [&](const Affine&) {
    const Reg acc = b.vec("acc"), a = b.vec("a", {}, DType::bf16x2);
    b.mov(acc(), f32(0.5F));
    b.mov(a(), load({pairs, {0}}));
    b.assign(Op::dot2, acc(), {a(), bcast({pairs, {1}}), acc()});
    b.store({y, {0}}, acc());
  });
  AlignedVector<std::uint16_t> x_data(16);
  for (std::size_t n = 0; n < 16; ++n) x_data[n] = op_math::f32_to_bf16(static_cast<float>(n));
  AlignedVector<float> y_data(4);
  void* buffers[] = {x_data.data(), y_data.data()};
  interpret(p, buffers);
  for (std::size_t n = 0; n < 4; ++n) {
    const auto low = static_cast<float>(2 * n + 2);
    EXPECT_EQ(y_data[n], 0.5F + low * 4 + (low + 1) * 5);
  }
}

TEST(Interpret, PermTakesLanesOfBothInPlace) {
  Builder b(tiny());
  const ViewId x = b.buffer("x", DType::f64, {4}, BufferKind::in);
  const ViewId y = b.buffer("y", DType::f64, {2}, BufferKind::out);
  const Program p = one_kernel(b, 1, [&](const Affine&) {
    const Reg r = b.vec("r", {}, DType::f64);
    b.mov(r(), load({x, {0}}));
    b.perm(r(), r(), load({x, {2}}), {3, 0});
    b.store({y, {0}}, r());
  });
  AlignedVector<double> x_data = {1, 2, 3, 4}, y_data(2);
  void* buffers[] = {x_data.data(), y_data.data()};
  interpret(p, buffers);
  EXPECT_EQ(y_data, (AlignedVector<double>{4, 1}));
}

TEST(Interpret, ParamsBoundsAndGuards) {
  // y[i] = number of j in max(0, i - 2) .. min(n, i + 2), for even i only through a guard on
  // halves.
  Builder b(tiny());
  const Affine n = b.param("n", 1, 100);
  const Affine blocks = b.param_ceil("blocks", n, 4);
  const ViewId y = b.buffer("y", DType::f32, {100}, BufferKind::out);
  b.stage([&] {
    b.kernel("k", {{"q", blocks}}, [&](std::span<const Affine> g) {
      b.unroll("u", 0, 4, [&](const Affine& u) {
        const Affine i = 4 * g[0] + u;
        const Reg r = b.vec("r");
        b.when({n - 1 - i}, [&] {
          b.mov(r(), f32(0));
          b.loop("j", {0, i - 2}, {n, i + 2},
                 [&](const Affine&) { b.op(Op::add, r(), r(), f32(1)); });
          b.store({y, {i}}, r(), {0, 1});
        });
      });
    });
  });
  const Program p = b.take();
  AlignedVector<float> y_data(100, -1);
  void* buffers[] = {y_data.data()};
  const std::int64_t params[] = {10, 3};
  interpret(p, buffers, params);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(y_data[static_cast<std::size_t>(i)],
              i < 10 ? std::min(10, i + 2) - std::max(0, i - 2) : -1)
        << i;
}

#if defined(__x86_64__)
TEST(Interpret, TheCallersFloatingPointModeNeitherLeaksInNorChanges) {
  Builder b(tiny());
  const ViewId x = b.buffer("x", DType::f32, {4}, BufferKind::in);
  const ViewId y = b.buffer("y", DType::f32, {4}, BufferKind::out);
  const Program p = one_kernel(b, 1, [&](const Affine&) {
    const Reg r = b.vec("r");
    b.op(Op::mul, r(), load({x, {0}}), f32(0.75F));
    b.store({y, {0}}, r());
  });
  AlignedVector<float> x_data = {0x1p-127F, 0x1p-126F, 0x1p-149F, 1 + 0x1p-23F}, y_data(4);
  const AlignedVector<float> want = {0x1.8p-128F, 0x1.8p-127F, 0x1p-149F, 0.75F + 0x1p-23F};
  void* buffers[] = {x_data.data(), y_data.data()};
  const unsigned before = _mm_getcsr();
  const unsigned odd = 0x1f80 | 0x8040 | 0x6000;  // flush, denormals are zero, toward zero
  _mm_setcsr(odd);
  interpret(p, buffers);
  const unsigned after = _mm_getcsr();
  EXPECT_THROW(interpret(p, buffers, nullptr, [](const Access&) { throw 1; }), int);
  const unsigned after_throw = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_EQ(after & 0xffc0, odd);
  EXPECT_EQ(after_throw & 0xffc0, odd);
  EXPECT_EQ(std::memcmp(y_data.data(), want.data(), sizeof(float) * 4), 0);
}
#endif

TEST(Interpret, ProgramsThatNoVerifierPassesAreRefused) {
  Builder b(tiny());
  const ViewId y = b.buffer("y", DType::f32, {4}, BufferKind::out);
  Program p = one_kernel(b, 1, [&](const Affine&) {
    const Reg r = b.vec("r", {2});
    b.mov(r(2), f32(0));
    b.store({y, {0}}, r(0));
  });
  EXPECT_THROW(InterpretedKernel(p, p.stages[0].kernels[0]), std::logic_error);
  p.target = "abacus";
  EXPECT_THROW(InterpretedKernel(p, p.stages[0].kernels[0]), std::logic_error);
}

}  // namespace
}  // namespace tconv::ir

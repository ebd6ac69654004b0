// Random loop nests whose every point is executed: the truth about which accesses stay inside.
#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

#include "ir/builder.h"
#include "ir/interpret.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "tests/support/test_data.h"

namespace tconv::ir {
namespace {

constexpr int kLargestParam = 7;

class RandomNest {
 public:
  explicit RandomNest(std::uint32_t seed) : random_(seed) {}

  // One load and one store, each somewhere in a nest of loops, unrolls and guards.
  Program make() {
    Builder b(*find_target("tiny"));
    scope_.clear();
    Affine size = 8 + below(24);
    if (below(2) == 0) {  // a size known at run time, and one derived from it
      scope_.push_back(b.param("n", 1, kLargestParam));
      scope_.push_back(b.param_ceil("m", scope_[0] * 2 + below(4), 3));
      size = 4 + scope_[0] * below(4) + scope_[1] * below(4) + below(8);
    }
    const Affine first = scope_.empty() ? Affine(2 + below(3)) : scope_[below(2)] + below(2);
    const ViewId x = b.buffer("x", DType::f32, {size}, BufferKind::in);
    const ViewId y = b.buffer("y", DType::f32, {size}, BufferKind::out);
    b.stage([&] {
      b.kernel("k", {{"g", first}, {"h", 2 + below(3)}}, [&](std::span<const Affine> g) {
        const Reg r = b.vec("r");
        b.mov(r(), f32(1));
        scope_.insert(scope_.end(), g.begin(), g.end());
        nest(b, 1 + below(3), [&] { b.op(Op::add, r(), r(), load({x, {form(3)}}, lanes())); });
        nest(b, 1 + below(3), [&] { b.store({y, {form(3)}}, r(), lanes()); });
      });
    });
    return b.take();
  }

 private:
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  Affine form(int coefficient) {
    Affine f(below(9) - 2);
    for (const Affine& v : scope_)
      if (below(3) > 0) f += v * (below(2 * coefficient + 1) - coefficient);
    return f;
  }
  Lanes lanes() {
    const int lo = below(4);
    return below(2) == 0 ? Lanes{} : Lanes{lo, lo + 1 + below(4 - lo)};
  }
  void nest(Builder& b, int depth, const std::function<void()>& body) {
    if (depth == 0) return body();
    const std::size_t outside = scope_.size();
    const auto inside = [&](const Affine& v) {
      scope_.push_back(v);
      nest(b, depth - 1, body);
    };
    switch (below(4)) {
      case 0:
        b.loop("i", {0, form(1)}, {2 + below(4), form(1)}, inside);
        break;
      case 1:
        b.loop("i", form(1), form(1) + 3, inside);
        break;
      case 2:
        b.unroll("u", -1, 1 + below(3), inside);
        break;
      default:
        b.when({form(2), form(2)}, [&] { nest(b, depth - 1, body); });
    }
    scope_.resize(outside);
  }
  std::mt19937 random_;
  std::vector<Affine> scope_;
};

bool leaves(const Program& p, std::int64_t n) {
  std::vector<std::int64_t> params;
  for (const Param& q : p.params) {
    const auto value = [&](VarId v) { return params[static_cast<std::size_t>(param_slot(p, v))]; };
    params.push_back(q.derived() ? (q.numerator.evaluate(value) + q.denominator - 1) / q.denominator
                                 : n);
  }
  const std::int64_t size = bytes_for(p, p.buffers[0], params.data());
  test::AlignedVector<float> x(static_cast<std::size_t>(size / 4), 1), y = x;
  void* buffers[] = {x.data(), y.data()};
  try {
    interpret(p, buffers, params.data(), [&](const Access& a) {
      if (a.offset < 0 || a.offset + a.bytes > size) throw std::runtime_error("left");
    });
  } catch (const std::runtime_error&) {
    return true;
  }
  return false;
}
bool leaves(const Program& p) {
  const std::int64_t most = p.params.empty() ? 1 : kLargestParam;
  for (std::int64_t n = 1; n <= most; ++n)
    if (leaves(p, n)) return true;
  return false;
}

TEST(Verify, NothingAcceptedLeavesAndLittleElseIsRejected) {
  constexpr int kPrograms = 20000;
  int leaving = 0, refused = 0;
  for (std::uint32_t seed = 0; seed < kPrograms; ++seed) {
    const Program p = RandomNest(seed).make();
    const bool accepted = verify(p).empty();
    if (leaves(p)) {
      ++leaving;
      ASSERT_FALSE(accepted) << "seed " << seed << "\n" << print(p);
    } else if (!accepted) {
      ++refused;
    }
  }
  // Elimination over the rationals does not see everything that holds for integers only.
  EXPECT_LT(refused, kPrograms / 1000);
  std::printf("%d programs, %d leave a buffer, %d refused that do not\n", kPrograms, leaving,
              refused);
}

}  // namespace
}  // namespace tconv::ir

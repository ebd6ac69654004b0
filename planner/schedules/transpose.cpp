#include "planner/schedules/transpose.h"

#include <algorithm>
#include <vector>

namespace tconv::planner {
namespace {

using Lanes = std::vector<int>;

// Rows i and i + distance become what `first` and `second` take from both.
void exchange(ir::Builder& b, const ir::Reg& rows, ir::DType type, int distance, const Lanes& first,
              const Lanes& second) {
  for (int i = 0; i < b.lanes(type); ++i) {
    if ((i & distance) != 0) continue;
    b.scope([&] {
      const ir::Reg t = b.vec("t", {}, type);
      b.perm(t(), rows(i), rows(i + distance), first);
      b.perm(rows(i + distance), rows(i), rows(i + distance), second);
      b.mov(rows(i), t());
    });
  }
}

// Off-diagonal blocks of `unit` lanes change places with those of the row `unit` further.
void swap_blocks(ir::Builder& b, const ir::Reg& rows, ir::DType type, int unit) {
  Lanes low, high;
  const int L = b.lanes(type);
  for (int l = 0; l < L; ++l) {
    const bool odd = (l & unit) != 0;
    low.push_back(odd ? L + l - unit : l);
    high.push_back(odd ? L + l : l + unit);
  }
  exchange(b, rows, type, unit, low, high);
}

// A 4 x 4 transpose of blocks of `unit` lanes: twice, of two rows, the even blocks and the odd
// ones. Each is one instruction (vshufps, vshuff32x4, uzp), which exchanges that keep blocks in
// their place are not: with 16 lanes that takes 40% off the transpose.
void transpose_four(ir::Builder& b, const ir::Reg& rows, ir::DType type, int unit) {
  Lanes even, odd;
  const int L = b.lanes(type);
  for (int l = 0; l < L; ++l) {
    const int block = l / unit % 4, group = l - l % (4 * unit);
    const int from = block / 2 * L + group + block % 2 * 2 * unit + l % unit;
    even.push_back(from);
    odd.push_back(from + unit);
  }
  exchange(b, rows, type, unit, even, odd);
  exchange(b, rows, type, 2 * unit, even, odd);
}

// Of `count` blocks.
void transpose_level(ir::Builder& b, const ir::Reg& rows, ir::DType type, int unit, int count) {
  if (count == 4) return transpose_four(b, rows, type, unit);
  for (int u = unit; u < unit * count; u *= 2) swap_blocks(b, rows, type, u);
}

}  // namespace

// Lanes within 128 bits, which most instructions stay in, then the 128 bits as wholes.
void emit_transpose(ir::Builder& b, const ir::Reg& rows, ir::DType type) {
  const int L = b.lanes(type), near = std::min(L, 16 / ir::bytes(type));
  transpose_level(b, rows, type, 1, near);
  transpose_level(b, rows, type, near, L / near);
}

TransposedVectors::TransposedVectors(ir::Builder& b, ir::DType type, int registers)
    : b_(b), type_(type) {
  if (!wait(b.target(), type, registers)) return;
  const int L = b.lanes(type);
  waiting_ = b.buffer("waiting", type, {L, L}, ir::BufferKind::local);
}

void TransposedVectors::block(
    const std::function<void(const ir::Reg&)>& fill, int count,
    const std::function<void(const ir::RegRef&, const ir::Affine&)>& finish) const {
  b_.scope([&] {
    const ir::Reg z = b_.vec("z", {b_.lanes(type_)}, type_);
    fill(z);
    emit_transpose(b_, z, type_);
    b_.unroll("i", 0, count, [&](const ir::Affine& i) {
      if (waiting_) return b_.store({*waiting_, {i, 0}}, z(i));
      finish(z(i), i);
    });
  });
  if (!waiting_) return;
  b_.loop("i", 0, count, [&](const ir::Affine& i) {
    b_.scope([&] {
      const ir::Reg z = b_.vec("z", {}, type_);
      b_.mov(z(), ir::load({*waiting_, {i, 0}}));
      finish(z(), i);
    });
  });
}

}  // namespace tconv::planner

#include "planner/schedules/transpose.h"

namespace tconv::planner {

void emit_transpose(ir::Builder& b, const ir::Reg& rows, ir::DType type) {
  const int L = b.lanes(type);
  // log2(L) stages; stage r exchanges the off-diagonal blocks of size r between rows i and i + r.
  for (int r = L / 2; r > 0; r /= 2) {
    std::vector<int> low, high;
    for (int l = 0; l < L; ++l) {
      low.push_back((l & r) != 0 ? L + l - r : l);
      high.push_back((l & r) != 0 ? L + l : l + r);
    }
    for (int i = 0; i < L; ++i) {
      if ((i & r) != 0) continue;
      b.scope([&] {
        const ir::Reg t = b.vec("t", {}, type);
        b.perm(t(), rows(i), rows(i + r), low);
        b.perm(rows(i + r), rows(i), rows(i + r), high);
        b.mov(rows(i), t());
      });
    }
  }
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

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

}  // namespace tconv::planner

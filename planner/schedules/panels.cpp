#include "planner/schedules/panels.h"

#include "planner/integer.h"

namespace tconv::planner {

using ir::Affine;

void Panels::each(ir::Builder& b, const Affine& block,
                  const std::function<void(const Panel&)>& inside) const {
  const std::int64_t whole = channels / width(), rest = channels % width(), n = per_block();
  b.loop("o", {0}, {n, whole - block * n}, [&](const Affine& o) {
    inside({block * n + o, o, nr, 0});
  });
  if (rest == 0) return;
  const std::int64_t at = whole / n;
  b.when({block - at, at - block}, [&] {
    const std::int64_t o = whole % n;
    inside({block * n + o, o, static_cast<int>(ceil_div(rest, lanes)),
            static_cast<int>(rest % lanes)});
  });
}

void Panels::each_vector(ir::Builder& b, const Panel& panel, Vectors how,
                         const std::function<void(const Affine&, ir::Lanes)>& inside) const {
  const int whole = panel.tail == 0 ? panel.vectors : panel.vectors - 1;
  const auto full = [&](const Affine& j) { inside(j, {}); };
  if (how == Vectors::looped) b.loop("j", 0, whole, full);
  if (how == Vectors::unrolled) b.unroll("j", 0, whole, full);
  if (how == Vectors::written)
    for (int j = 0; j < whole; ++j) full(j);
  if (panel.tail != 0) inside(whole, {0, panel.tail});
}

}  // namespace tconv::planner

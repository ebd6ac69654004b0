#include "planner/schedules/panels.h"

#include "planner/integer.h"

namespace tconv::planner {

using ir::Affine;

void Panels::each(ir::Builder& b, const Affine& block,
                  const std::function<void(const Panel&)>& inside) const {
  const std::int64_t whole = channels / width(), rest = channels % width();
  b.loop("o", {0}, {per_block, whole - block * per_block}, [&](const Affine& o) {
    inside({block * per_block + o, nr, 0});
  });
  if (rest == 0) return;
  const std::int64_t at = whole / per_block;
  b.when({block - at, at - block}, [&] {
    inside({block * per_block + whole % per_block, static_cast<int>(ceil_div(rest, lanes)),
            static_cast<int>(rest % lanes)});
  });
}

void Panels::each_vector(ir::Builder& b, const Panel& panel,
                         const std::function<void(const Affine&, ir::Lanes)>& inside) const {
  const int whole = panel.tail == 0 ? panel.vectors : panel.vectors - 1;
  b.loop("j", 0, whole, [&](const Affine& j) { inside(j, {}); });
  if (panel.tail != 0) inside(whole, {0, panel.tail});
}

}  // namespace tconv::planner

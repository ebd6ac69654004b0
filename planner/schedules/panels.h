// Panels: output channels in blocks of nr vectors, the columns of a register tile.
#pragma once

#include <functional>

#include "ir/builder.h"

namespace tconv::planner {

struct Panel {
  ir::Affine index;     // counted over all panels
  ir::Affine in_block;  // counted from the grid point's first
  int vectors = 0;
  int tail = 0;  // lanes of the last vector; 0 = all
};

struct Panels {
  std::int64_t channels = 0;
  int nr = 1, lanes = 1;
  std::int64_t in_block = 0;  // panels of one grid point; 0 = all

  std::int64_t width() const { return std::int64_t{nr} * lanes; }
  std::int64_t count() const { return (channels + width() - 1) / width(); }
  std::int64_t per_block() const { return in_block > 0 ? in_block : count(); }
  std::int64_t blocks() const { return (count() + per_block() - 1) / per_block(); }
  // The panels of a grid point; a partial last one apart, because lane masks are static.
  void each(ir::Builder& b, const ir::Affine& block,
            const std::function<void(const Panel&)>& inside) const;
  // The vectors of a panel: in a loop, unrolled by the emitter, or written out, by number.
  enum class Vectors : std::uint8_t { looped, unrolled, written };
  void each_vector(ir::Builder& b, const Panel& panel, Vectors how,
                   const std::function<void(const ir::Affine&, ir::Lanes)>& inside) const;
};

}  // namespace tconv::planner

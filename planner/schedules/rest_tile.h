// What whole register tiles leave over of an extent that only a run knows.
#pragma once

#include <functional>

#include "ir/builder.h"

namespace tconv::planner {

// One of the tiles least..most high, the one that `rest` says; none if it is less.
void rest_tile(ir::Builder& b, const ir::Affine& rest, int least, int most,
               const std::function<void(int)>& tile);

}  // namespace tconv::planner

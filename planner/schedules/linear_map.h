// y = M x on vectors, as few IR operations as sums and differences that are shared allow.
#pragma once

#include <vector>

#include "ir/builder.h"
#include "planner/minimal_filter.h"

namespace tconv::planner {

// x is overwritten. y must be other registers. Needs one register beside them.
void emit_linear(ir::Builder& b, const Matrix& m, const std::vector<ir::RegRef>& x,
                 const std::vector<ir::RegRef>& y, ir::DType type);

}  // namespace tconv::planner

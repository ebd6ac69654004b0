// An L x L transpose in registers, L = lanes of the target.
#pragma once

#include "ir/builder.h"

namespace tconv::planner {

// rows is an array of L registers; afterwards lane l of register r is what lane r of register l
// was. Needs one register beside them (and the temporaries of `perm`).
void emit_transpose(ir::Builder& b, const ir::Reg& rows, ir::DType type);

}  // namespace tconv::planner

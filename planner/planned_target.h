// A target as schedules see it.
#pragma once

#include "ir/target.h"

namespace tconv::planner {

// Without fma a product waits in a register that no schedule counts.
inline ir::Target as_planned(ir::Target target) {
  if (!target.fma) --target.registers;
  return target;
}

}  // namespace tconv::planner

// What an element type means for a kernel: the one table of it. Schedules ask it, or see what
// follows from it in the types of registers and buffers; none of them knows a type by name.
#pragma once

#include "ir/ir.h"

namespace tconv::planner {

struct ElementType {
  ir::DType memory = ir::DType::f32;  // of input, filter, output and operands of post-ops
  // Of registers and of the local memory between them: sums, post-ops, strips, rows, stages.
  // Lanes and vectors are counted in it. load, bcast and store convert where it differs.
  ir::DType sum = ir::DType::f32;
  ir::DType bias = ir::DType::f32;  // unless the problem says otherwise
  // Registers that a multiply-add needs beside its operands and its sum (ir::temporaries).
  int multiply_add_registers = 0;
  // Two elements as one lane of an operand of dot2, where that is not `memory`.
  ir::DType pair = ir::DType::f32;
  bool minimal_filtering = true;  // has the halves that its transforms need
  bool proposes_winograd = true;  // or only does it when a plan names it
  // Plans must add in the definition's order: sums are so coarse that another one is another
  // result.
  bool definition_order = false;
  bool converts() const { return memory != sum; }
  bool has_pairs() const { return pair != sum && pair != memory; }
};

// Of one of the types that a problem may have; throws std::logic_error for others. `narrow_sum`:
// the row whose sums are of the element type although there is one with wider sums.
const ElementType& element_type(ir::DType memory, bool narrow_sum = false);

}  // namespace tconv::planner

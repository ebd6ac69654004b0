// A kernel as the interpreter executes it: unrolls expanded, registers numbered, every affine form
// reduced to a constant and a slot that holds the sum of its variables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ir/interpret.h"
#include "ir/lane_ops.h"

namespace tconv::ir {

// constant + slots[slot]. Slots follow their variables: setting a variable adds to the slots that
// use it, which is cheap because accesses through one view share their coefficients.
struct FlatForm {
  std::uint32_t slot = 0;
  std::int64_t constant = 0;
};

enum class FlatOperandKind : std::uint8_t { none, reg, load, bcast };
struct FlatOperand {
  FlatOperandKind kind = FlatOperandKind::none;
  bool whole = false;         // load: every lane is on
  std::uint16_t element = 0;  // bytes in memory
  std::uint16_t lane = 0;     // bytes in the register
  std::uint16_t lo = 0, hi = 0;
  std::uint32_t reg = 0;   // byte offset in the register file; constants lie there as well
  std::uint32_t base = 0;  // index of the buffer's pointer
  BufferId buffer = 0;
  FlatForm offset;  // bytes from the start of the buffer, of lane 0
  LaneCopy copy = nullptr;
};

enum class FlatKind : std::uint8_t { compute, perm, store, poison, loop, next, guard };
struct FlatOp {
  FlatKind kind = FlatKind::compute;
  int line = 0;
  std::uint32_t dst = 0;  // compute, perm, poison: byte offset in the register file
  LaneOp op = nullptr;
  std::uint32_t operands = 0,
                operand_count = 0;  // in FlatKernel::operands; store: [0] memory, [1] value
  std::uint32_t lanes = 0;          // perm: index into FlatKernel::perm_lanes
  std::uint32_t bytes = 0;          // poison
  VarId var = 0;                    // loop, next
  std::uint32_t forms = 0, lo_count = 0,
                count = 0;   // loop: lower, then upper bounds; guard: conditions
  std::uint32_t target = 0;  // where a loop that does not run or a closed guard goes on; next: body
  std::uint32_t loop = 0;    // number of the loop, for its upper bound
};

struct FlatKernel {
  struct SlotTerm {
    std::uint32_t slot = 0;
    std::int64_t coeff = 0;
  };
  struct Local {
    std::uint32_t base = 0;
    std::int64_t offset = 0, bytes = 0;
  };
  struct Axis {
    VarId var = 0;
    FlatForm extent;
  };
  std::vector<FlatOp> code;
  std::vector<FlatOperand> operands;
  std::vector<FlatForm> forms;
  std::vector<int> perm_lanes;
  std::vector<std::vector<SlotTerm>> uses;  // by variable
  std::vector<VarId> params;                // in the order of the argument
  std::vector<Axis> grid;
  std::vector<Local> locals;  // those the kernel uses
  std::vector<int> bases;     // argument index of each base; -1 - i: locals[i]
  std::size_t slots = 0, loops = 0, vector_bytes = 0;
  std::size_t register_bytes = 0;    // poisoned at every point
  std::vector<std::byte> constants;  // follow the registers in the file
};

FlatKernel flatten(const Program& program, const Kernel& kernel);

}  // namespace tconv::ir

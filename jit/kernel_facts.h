// What must be known of a kernel before its first instruction: which views it walks, how they move
// with every loop, which loops need the value of their variable, which masks it uses.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "ir/ir.h"
#include "ir/target.h"

namespace tconv::jit {

// One view of the kernel: a pointer, in a register or in the frame. Its coefficients are bytes per
// step of a variable.
struct ViewFacts {
  ir::ViewId view = 0;
  std::vector<std::int64_t> scale;  // bytes per step of each dimension
  std::vector<ir::Term> point;      // grid variables and params
  std::int64_t low = 0, high = 0;   // displacements in the innermost loops that use the view
  int depth = -1;                   // how deep those are
  std::int64_t accesses = 0;        // in those loops, unrolls written out
  int reg = -1;                     // number in the pool of general registers; -1: in the frame
  int slot = 0;                     // of the frame, without a register
  // Where the pointer stands: constant displacements are relative to it, so that they are short.
  std::int64_t bias() const;
};

struct LoopFacts {
  struct Move {
    int pointer;
    std::int64_t coeff;  // 0: used in the loop, but stands still
  };
  int height = 0;               // 0: contains no loop
  std::int64_t statements = 0;  // in one turn, loops inside left out, unrolls written out
  std::vector<Move> moves;
  int counter_slot = 0, bound_slot = 0, save_slot = 0;  // in the frame; save_slot: one per move
};

struct KernelFacts {
  KernelFacts(const ir::Program& program, const ir::Target& target, const ir::Kernel& kernel,
              int first_slot);

  std::vector<ViewFacts> views;
  std::vector<int> pointer_of;  // by ViewId; -1: not used
  std::unordered_map<const ir::For*, LoopFacts> loops;
  std::vector<bool> value_used;      // by VarId: in a bound or a guard
  std::vector<std::uint32_t> masks;  // of partial loads and stores
  int slots = 0;                     // of the frame, all together

 private:
  void place_pointers();
  void block(const ir::Block& body);
  void loop(const ir::For& f);
  void count_statement() {
    if (!open_.empty()) open_.back().second->statements += copies_;
  }
  void forms(const std::vector<ir::Affine>& list);
  void mem(const ir::Mem& m);
  void lanes(const ir::Lanes& l, ir::DType type);
  void operand(const ir::Operand& o, ir::DType type);
  ViewFacts& view(ir::ViewId id);

  const ir::Program& program_;
  const ir::Target& target_;
  std::vector<std::pair<ir::VarId, LoopFacts*>> open_;
  std::vector<std::pair<std::int64_t, std::int64_t>> range_;  // by VarId; open unrolls
  std::vector<ir::Term> terms_;
  std::int64_t copies_ = 1;  // of the block at hand, by the unrolls around it
};

}  // namespace tconv::jit

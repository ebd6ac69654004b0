// Which constants the vector operations of a block use, how often, and how many vector registers
// the block leaves free: what decides which of them wait in registers.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "ir/ir.h"
#include "ir/target.h"

namespace tconv::jit {

// The same in all lanes, which have so many bytes.
struct LaneConstant {
  LaneConstant(ir::DType type, std::uint64_t value) : bits(value), bytes(ir::bytes(type)) {}
  ir::DType type() const {
    return bytes == 8 ? ir::DType::f64 : bytes == 4 ? ir::DType::f32 : ir::DType::f16;
  }
  std::uint64_t bits;
  int bytes;
  bool operator==(const LaneConstant&) const = default;
};

class ConstantUses {
 public:
  struct Use {
    LaneConstant constant;
    double times = 0;  // all turns together; a loop of unknown length counts as kUnknown turns
  };
  struct Block {
    int registers = 0;      // declared and temporary ones at once
    std::vector<Use> uses;  // most used first
  };

  ConstantUses(const ir::Program& program, const ir::Target& target, const ir::Kernel& kernel);

  const Block& kernel() const { return kernel_; }  // in one grid point
  const Block& loop(const ir::For& loop) const { return loops_.at(&loop); }

 private:
  static constexpr double kUnknown = 8;

  Block block(const ir::Block& body);
  void assign(const ir::Assign& a, Block& into) const;

  const ir::Program& program_;
  const ir::Target& target_;
  std::unordered_map<const ir::For*, Block> loops_;
  Block kernel_;
};

// Whether operand `i` of this operation is part of its instruction.
inline bool is_immediate(ir::Op op, std::size_t i) {
  return i == 1 && (op == ir::Op::shl || op == ir::Op::shr || op == ir::Op::sra);
}

}  // namespace tconv::jit

// One vector operation at a time in LLVM's language: what isa.h is for Xbyak. No loop, no address.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <array>
#include <cstdint>
#include <span>

#include "ir/ir.h"
#include "ir/target.h"
#include "jit/llvm/machine.h"

namespace tconv::jit::llvm_part {

using Builder = llvm::IRBuilder<>;

class VectorOps {
 public:
  VectorOps(Builder& b, const ir::Target& target, const Ability& ability)
      : b_(b), target_(target), ability_(ability) {}

  llvm::FixedVectorType* vector(ir::DType reg) const;
  llvm::Value* constant(ir::DType reg, std::uint64_t bits) const;

  // `at`: address of lane 0 (of the element).
  llvm::Value* load(ir::DType reg, ir::DType memory, llvm::Value* at, ir::Lanes lanes);
  llvm::Value* bcast(ir::DType reg, ir::DType memory, llvm::Value* at);
  void store(ir::DType reg, ir::DType memory, llvm::Value* at, ir::Lanes lanes, bool stream,
             llvm::Value* value);

  llvm::Value* op(ir::Op op, ir::DType type, const std::array<llvm::Value*, 3>& x);
  llvm::Value* shift(ir::Op op, ir::DType type, llvm::Value* x, std::uint64_t count);
  llvm::Value* perm(llvm::Value* a, llvm::Value* b, std::span<const int> lanes);

 private:
  llvm::Type* element(ir::DType memory) const;
  llvm::FixedVectorType* in_memory(ir::DType reg, ir::DType memory) const;
  llvm::FixedVectorType* bits_type(ir::DType reg) const;
  llvm::Value* as_bits(llvm::Value* v, ir::DType reg);
  llvm::Value* splat(std::uint32_t word) const;
  bool some(ir::Lanes lanes, ir::DType reg) const;
  llvm::Value* mask(ir::Lanes lanes, ir::DType reg) const;

  llvm::Value* load_pieces(llvm::FixedVectorType* type, llvm::Value* at, ir::Lanes lanes);
  void store_pieces(llvm::Value* value, llvm::Value* at, ir::Lanes lanes);
  llvm::Value* widen(ir::DType reg, ir::DType memory, llvm::Value* v);
  llvm::Value* narrow(ir::DType memory, llvm::Value* v);

  llvm::Value* half_to_float(llvm::Value* words);
  llvm::Value* float_to_half(llvm::Value* v);
  llvm::Value* float_to_bf16(llvm::Value* v);
  llvm::Value* round(ir::DType type, llvm::Value* v);

  Builder& b_;
  const ir::Target& target_;
  Ability ability_;
};

}  // namespace tconv::jit::llvm_part

#include "jit/llvm/grid_loop.h"

namespace tconv::jit::llvm_part {

using llvm::Value;

GridLoop::GridLoop(Builder& b, Integers& integers, const ir::Program& program,
                   const ir::Kernel& kernel, llvm::Function* function)
    : b_(b), integers_(integers), kernel_(kernel), function_(function) {
  for (std::size_t i = 0; i < program.params.size(); ++i)
    integers_.set(program.params[i].var,
                  b_.CreateLoad(b_.getInt64Ty(),
                                b_.CreateConstGEP1_64(b_.getInt64Ty(), function->getArg(1), i)));
  for (const ir::GridAxis& axis : kernel.grid) extents_.push_back(integers_.evaluate(axis.extent));
}

// Points are numbered row-major. The first is decoded by division, once.
void GridLoop::enter() {
  llvm::LLVMContext& context = b_.getContext();
  out_ = llvm::BasicBlock::Create(context, "", function_);
  auto* decode = llvm::BasicBlock::Create(context, "", function_);
  head_ = llvm::BasicBlock::Create(context, "", function_);
  Value* begin = function_->getArg(2);
  b_.CreateCondBr(b_.CreateICmpSLT(begin, function_->getArg(3)), decode, out_);

  b_.SetInsertPoint(decode);
  const std::size_t axes = kernel_.grid.size();
  std::vector<Value*> first(axes);
  Value* rest = begin;
  for (std::size_t i = axes; i-- > 0;) {
    const auto extent = Integers::known(extents_[i]);
    if (extent && *extent == 1) {
      first[i] = integers_.number(0);
    } else if (i == 0) {
      first[i] = rest;
    } else {
      first[i] = b_.CreateURem(rest, extents_[i]);
      rest = b_.CreateUDiv(rest, extents_[i]);
    }
  }
  b_.CreateBr(head_);

  b_.SetInsertPoint(head_);
  point_ = b_.CreatePHI(b_.getInt64Ty(), 2);
  point_->addIncoming(begin, decode);
  coordinates_.assign(axes, nullptr);
  for (std::size_t i = 0; i < axes; ++i) {
    Value* value = first[i];
    const auto extent = Integers::known(extents_[i]);
    if (!extent || *extent != 1) {
      coordinates_[i] = b_.CreatePHI(b_.getInt64Ty(), 2);
      coordinates_[i]->addIncoming(first[i], decode);
      value = coordinates_[i];
    }
    integers_.set(kernel_.grid[i].var, value);
  }
}

void GridLoop::leave() {
  llvm::BasicBlock* last = b_.GetInsertBlock();
  Value* carry = b_.getTrue();
  for (std::size_t i = coordinates_.size(); i-- > 0;) {
    llvm::PHINode* at = coordinates_[i];
    if (at == nullptr) continue;
    Value* next = b_.CreateNSWAdd(at, b_.CreateZExt(carry, b_.getInt64Ty()));
    if (i > 0) {
      carry = b_.CreateICmpEQ(next, extents_[i]);
      next = b_.CreateSelect(carry, integers_.number(0), next);
    }
    at->addIncoming(next, last);
  }
  Value* next = b_.CreateNSWAdd(point_, integers_.number(1));
  point_->addIncoming(next, last);
  b_.CreateCondBr(b_.CreateICmpSLT(next, function_->getArg(3)), head_, out_);
  b_.SetInsertPoint(out_);
  b_.CreateRetVoid();
}

}  // namespace tconv::jit::llvm_part

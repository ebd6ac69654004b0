// The loop over grid points around a kernel's body: what kernel_frame.h is for Xbyak.
#pragma once

#include <vector>

#include "jit/llvm/integers.h"

namespace tconv::jit::llvm_part {

class GridLoop {
 public:
  // Sets params now, grid variables in enter().
  GridLoop(Builder& b, Integers& integers, const ir::Program& program, const ir::Kernel& kernel,
           llvm::Function* function);

  void enter();  // what is emitted next is the body of one point
  void leave();

 private:
  Builder& b_;
  Integers& integers_;
  const ir::Kernel& kernel_;
  llvm::Function* function_;
  std::vector<llvm::Value*> extents_;
  std::vector<llvm::PHINode*> coordinates_;  // null where the extent is 1
  llvm::PHINode* point_ = nullptr;
  llvm::BasicBlock *head_ = nullptr, *out_ = nullptr;
};

}  // namespace tconv::jit::llvm_part

// A program as a module of LLVM's language: the same walk as emit_xbyak.h.
#pragma once

#include <llvm/IR/Module.h>

#include <memory>
#include <string>
#include <vector>

#include "ir/ir.h"
#include "jit/llvm/machine.h"

namespace tconv::jit::llvm_part {

struct EmittedModule {
  std::unique_ptr<llvm::Module> module;
  std::vector<std::vector<std::string>> kernels;  // names, by stage
};

// One global function per kernel.
EmittedModule emit_module(llvm::LLVMContext& context, const ir::Program& program,
                          const std::string& symbol, const Machine& machine);

}  // namespace tconv::jit::llvm_part

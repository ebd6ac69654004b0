// From a module to the bytes of an object file.
#pragma once

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Module.h>

#include "jit/llvm/machine.h"

namespace tconv::jit::llvm_part {

llvm::SmallVector<char, 0> make_object(llvm::Module& module, const Machine& machine);

}  // namespace tconv::jit::llvm_part

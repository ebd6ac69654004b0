// Objects in executable memory of this process, by ORC.
#pragma once

#include <llvm/ADT/SmallVector.h>

#include <memory>
#include <string>
#include <vector>

#include "jit/backend.h"

namespace tconv::jit::llvm_part {

std::shared_ptr<const CompiledProgram> load_object(
    llvm::SmallVector<char, 0> object, const std::vector<std::vector<std::string>>& kernels);

}  // namespace tconv::jit::llvm_part

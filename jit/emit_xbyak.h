// The walk over one kernel: the same for every instruction set.
#pragma once

#include "ir/ir.h"
#include "ir/target.h"
#include "jit/isa.h"

namespace tconv::jit {

// Appends the kernel's instructions (ABI: ir::KernelFn). Throws CompileError, Xbyak::Error.
void emit_kernel(const ir::Program& program, const ir::Target& target, const ir::Kernel& kernel,
                 Assembler& as, Isa& isa);

}  // namespace tconv::jit

// IR in, a relocatable object file out: kernels that are linked instead of loaded.
#pragma once

#include <string>
#include <vector>

#include "ir/ir.h"

namespace tconv::jit {

struct KernelObject {
  std::string bytes;  // ELF
  // symbols[s][k] is kernel k of stage s of the program: weak, and hidden.
  std::vector<std::vector<std::string>> symbols;
  std::size_t code_bytes = 0;
};

// Xbyak, for x86-64; the program must have been verified. Every symbol begins with `symbol`. What
// is linked needs nothing, and has unwind information. `bf16`: AVX512_BF16 may be used. Throws
// CompileError. Thread-safe.
KernelObject compile_xbyak_object(const ir::Program& program, const std::string& symbol, bool bf16);

}  // namespace tconv::jit

// A whole program as position-independent bytes: every kernel, the constants behind them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "jit/backend.h"

namespace tconv::jit {

struct EmittedProgram {
  std::span<const std::byte> bytes;  // the thread's own memory: valid until it emits again
  std::vector<std::vector<KernelCode>> stages;  // functions are null
};

// Runs nothing, so the host need not have what the program's target or the extensions ask for.
// Throws CompileError. Thread-safe.
EmittedProgram emit_program(const ir::Program& program, const std::string& symbol,
                            Extensions extensions);

}  // namespace tconv::jit

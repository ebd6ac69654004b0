// The backends by name, for tests that run with each of them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "jit/backend.h"

namespace tconv::test {

// Pairs of a backend and a target of the IR that it has code for, as "xbyak avx512", whatever this
// host runs.
struct BackendTarget {
  std::string backend, target;
  std::string name() const { return backend + "_" + target; }
};
std::vector<BackendTarget> backend_targets();

// Why the pair cannot be run here: the CPU, or a build without LLVM. Empty: it can.
std::string missing(const BackendTarget& which);

std::shared_ptr<const jit::CompiledProgram> compile(const std::string& backend,
                                                    const ir::Program& program);

}  // namespace tconv::test

#include "tests/support/backends.h"

#include <stdexcept>

namespace tconv::test {

std::vector<BackendTarget> backend_targets() {
  return {{"xbyak", "avx512"},
          {"xbyak", "avx2"},
          {"llvm", "avx512"},
          {"llvm", "avx2"},
          {"llvm", "sse2"}};
}

std::string missing(const BackendTarget& which) {
  if (which.backend == "llvm" && TCONV_WITH_LLVM == 0) return "LLVM in this build (TCONV_LLVM=OFF)";
  std::string feature;
  return jit::host_supports(which.target, &feature) ? "" : feature;
}

std::shared_ptr<const jit::CompiledProgram> compile(const std::string& backend,
                                                    const ir::Program& program) {
  if (backend == "xbyak") return jit::compile_xbyak(program);
  if (backend == "llvm") return jit::compile_llvm(program);
  throw std::invalid_argument("backend " + backend);
}

}  // namespace tconv::test

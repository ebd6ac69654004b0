// The part libtconv_llvm.so: programs to machine code of any target by LLVM, for this process or as
// object files. All functions are thread-safe and throw CompileError.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "jit/backend.h"

namespace tconv::jit {

std::string_view aot_driver_source();

struct LlvmFunctions {
  // As compile_xbyak in backend.h. `bf16`: AVX512_BF16 may be used.
  std::shared_ptr<const CompiledProgram> (*compile)(const ir::Program& program,
                                                    const std::string& symbol, bool bf16);
  ObjectFile (*object)(const ObjectRequest& request);
  std::string (*text)(const ObjectRequest& request);  // LLVM's own language, before its passes
  std::string_view (*aot_driver)();                   // made by cmake/aot_driver_source.cmake
};

}  // namespace tconv::jit

// IR in, machine code out. A backend sees programs and nothing else.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ir/ir.h"

namespace tconv::jit {

// Why a program could not be compiled here: missing CPU features, executable memory refused, an op
// that the backend does not have.
class CompileError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// No backend that runs code here can do anything about it.
class ExecutableMemoryRefused : public CompileError {
 public:
  explicit ExecutableMemoryRefused(const std::string& call_and_reason)
      : CompileError("this system refuses executable memory (" + call_and_reason +
                     "); use kernels that were compiled ahead of time (tconv aot) or "
                     "backend=interpreter") {}
};

// Of AVX-512, beyond what target avx512 asks for: what code may use.
struct Extensions {
  bool bf16 = false;  // AVX512_BF16
  bool fp16 = false;  // AVX512_FP16, without which there are no f16 registers
};

struct KernelCode {
  std::string name;  // the symbol that perf and gdb show
  ir::KernelFn function = nullptr;
  std::size_t offset = 0;  // in code()
  std::size_t bytes = 0;   // instructions only; constants follow all kernels
};

// Immutable; owns its executable pages, which are never writable and executable at once.
class CompiledProgram {
 public:
  virtual ~CompiledProgram() = default;
  // stages()[s][k] is kernel k of stage s of the program.
  const std::vector<std::vector<KernelCode>>& stages() const { return stages_; }
  std::span<const std::byte> code() const {
    return code_;
  }  // position-independent, constants included

 protected:
  std::vector<std::vector<KernelCode>> stages_;
  std::span<const std::byte> code_;
};

// Xbyak; the program's target chooses the instruction table ("avx512" or "avx2"). The program must
// have been verified. `symbol` prefixes the kernels' names. Throws CompileError. Thread-safe.
std::shared_ptr<const CompiledProgram> compile_xbyak(const ir::Program& program,
                                                     const std::string& symbol = "tconv");

// LLVM, in a part that the first call opens (part.h): any target of the IR's table that this CPU
// runs. As compile_xbyak otherwise; a missing part is a CompileError, too.
std::shared_ptr<const CompiledProgram> compile_llvm(const ir::Program& program,
                                                    const std::string& symbol = "tconv");

// A program for another machine, or for later.
struct ObjectRequest {
  const ir::Program* program = nullptr;  // verified
  std::string symbol = "tconv";          // prefixes the kernels' names
  // As "aarch64-linux-gnu"; must fit the program's target. Empty: this host's, or one that fits.
  std::string triple;
  // To tune for, instructions are those of the target only: a name of LLVM's, or "native". Empty:
  // the baseline, and without a triple the host.
  std::string cpu;
  bool bf16 = false;  // target avx512: AVX512_BF16 may be used
  bool fp16 = false;  // AVX512_FP16, too
};
struct ObjectFile {
  std::string bytes;  // relocatable ELF, with unwind information; the same for the same request
  // symbols[s][k] is kernel k of stage s, an ir::KernelFn: weak, and hidden.
  std::vector<std::vector<std::string>> symbols;
  std::size_t code_bytes = 0;  // constants included
};
// LLVM again: a machine of any kind that its library knows. The object needs no other symbol.
// Throws CompileError that names the triple or cpu that is unknown.
ObjectFile object_llvm(const ObjectRequest& request);
// The same by Xbyak, for x86-64 and the targets avx512 and avx2; triple and cpu change nothing.
ObjectFile object_xbyak(const ObjectRequest& request);
// The same program in LLVM's language, before its passes.
std::string text_llvm(const ObjectRequest& request);
// C that goes beside objects for machines other than x86-64: what calls their kernels
// (runtime/aot). Of the part, because only there is it needed.
std::string_view llvm_aot_driver();

// Whether this CPU and operating system can run code for that target, and what is missing if not.
bool host_supports(const std::string& target, std::string* missing = nullptr);

// Text of machine code, one instruction a line (Intel syntax); labels and the constants that
// instructions refer to are shown. Zydis does it, in a part that the first call opens (part.h):
// throws PartError without it.
std::string disassemble(const CompiledProgram& program);

}  // namespace tconv::jit

#include "jit/llvm/codegen.h"

#include <llvm/IR/LegacyPassManager.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

namespace tconv::jit::llvm_part {

llvm::SmallVector<char, 0> make_object(llvm::Module& module, const Machine& machine) {
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager passes;
  if (machine.target->addPassesToEmitFile(passes, out, nullptr, llvm::CodeGenFileType::ObjectFile,
                                          true))
    throw CompileError("LLVM writes no objects for " + machine.triple);
  passes.run(module);
  return bytes;
}

}  // namespace tconv::jit::llvm_part

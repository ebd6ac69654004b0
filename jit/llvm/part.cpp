#include "jit/part.h"

#include <llvm/IR/LLVMContext.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include "jit/llvm/codegen.h"
#include "jit/llvm/emit_llvm.h"
#include "jit/llvm/interface.h"
#include "jit/llvm/orc.h"

namespace tconv::jit {
namespace {

using llvm_part::EmittedModule;
using llvm_part::Machine;

std::shared_ptr<const CompiledProgram> compile(const ir::Program& program,
                                               const std::string& symbol, bool bf16) {
  ObjectRequest request;
  request.program = &program;
  request.bf16 = bf16;
  const Machine machine = llvm_part::make_machine(request);
  llvm::LLVMContext context;
  const EmittedModule emitted = llvm_part::emit_module(context, program, symbol, machine);
  return llvm_part::load_object(llvm_part::make_object(*emitted.module, machine), emitted.kernels);
}

ObjectFile object(const ObjectRequest& request) {
  const Machine machine = llvm_part::make_machine(request);
  llvm::LLVMContext context;
  EmittedModule emitted =
      llvm_part::emit_module(context, *request.program, request.symbol, machine);
  const auto bytes = llvm_part::make_object(*emitted.module, machine);
  const auto* first = reinterpret_cast<const std::byte*>(bytes.data());
  return {{first, first + bytes.size()}, std::move(emitted.kernels)};
}

std::string text(const ObjectRequest& request) {
  const Machine machine = llvm_part::make_machine(request);
  llvm::LLVMContext context;
  const EmittedModule emitted =
      llvm_part::emit_module(context, *request.program, request.symbol, machine);
  std::string out;
  llvm::raw_string_ostream stream(out);
  emitted.module->print(stream, nullptr);
  return out;
}

constexpr LlvmFunctions kFunctions{compile, object, text};

}  // namespace
}  // namespace tconv::jit

extern "C" [[gnu::visibility("default")]] const tconv::jit::PartEntry tconv_part;
const tconv::jit::PartEntry tconv_part{TCONV_VERSION, &tconv::jit::kFunctions};

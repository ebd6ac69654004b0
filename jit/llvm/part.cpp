#include "jit/part.h"

#include <llvm/IR/LLVMContext.h>
#include <llvm/Object/ObjectFile.h>
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

// Of instructions and constants.
std::size_t code_bytes(llvm::StringRef bytes) {
  const auto file = llvm::cantFail(
      llvm::object::ObjectFile::createObjectFile(llvm::MemoryBufferRef(bytes, "tconv")));
  std::size_t sum = 0;
  for (const llvm::object::SectionRef& section : file->sections()) {
    const llvm::StringRef name = llvm::cantFail(section.getName());
    if (section.isText() || name.starts_with(".rodata")) sum += section.getSize();
  }
  return sum;
}

ObjectFile object(const ObjectRequest& request) {
  const Machine machine = llvm_part::make_machine(request);
  llvm::LLVMContext context;
  EmittedModule emitted =
      llvm_part::emit_module(context, *request.program, request.symbol, machine);
  for (llvm::Function& function : *emitted.module) {
    if (function.isDeclaration()) continue;
    function.setLinkage(llvm::GlobalValue::WeakAnyLinkage);
    function.setVisibility(llvm::GlobalValue::HiddenVisibility);
  }
  const auto bytes = llvm_part::make_object(*emitted.module, machine);
  ObjectFile out;
  out.bytes.assign(bytes.data(), bytes.size());
  out.symbols = std::move(emitted.kernels);
  out.code_bytes = code_bytes(out.bytes);
  return out;
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

constexpr LlvmFunctions kFunctions{compile, object, text, aot_driver_source};

}  // namespace
}  // namespace tconv::jit

extern "C" [[gnu::visibility("default")]] const tconv::jit::PartEntry tconv_part;
const tconv::jit::PartEntry tconv_part{TCONV_VERSION, &tconv::jit::kFunctions};

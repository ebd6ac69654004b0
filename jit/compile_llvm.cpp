// The library's side of the LLVM part: opens it, and shows its kernels to perf and gdb.
#include <optional>

#include "jit/backend.h"
#include "jit/gdb_jit.h"
#include "jit/host_features.h"
#include "jit/llvm/interface.h"
#include "jit/part.h"
#include "jit/perf_map.h"

namespace tconv::jit {
namespace {

const LlvmFunctions& part() {
  try {
    static const auto* const functions =
        static_cast<const LlvmFunctions*>(open_part("llvm", part_folders()));
    return *functions;
  } catch (const PartError& e) {
    throw CompileError(e.what());
  }
}

// Where a CPU has no half arithmetic LLVM computes an f16 fma in f32 and rounds again: other bits.
void refuse_half_registers(const ir::Program& program) {
  for (const ir::RegInfo& reg : program.regs)
    if (reg.type == ir::DType::f16)
      throw CompileError(
          "LLVM has no f16 registers here: its fma of f16 may round twice; backend=xbyak and "
          "backend=interpreter have them");
}

class NamedProgram final : public CompiledProgram {
 public:
  explicit NamedProgram(std::shared_ptr<const CompiledProgram> program)
      : program_(std::move(program)) {
    code_ = program_->code();
    stages_ = program_->stages();
    append_perf_map(*this);
    gdb_.emplace(*this);
  }

 private:
  std::shared_ptr<const CompiledProgram> program_;
  std::optional<GdbRegistration> gdb_;
};

}  // namespace

std::shared_ptr<const CompiledProgram> compile_llvm(const ir::Program& program,
                                                    const std::string& symbol) {
  std::string missing;
  if (!host_supports(program.target, &missing))
    throw CompileError("cannot run target " + program.target + " here: missing " + missing);
  refuse_half_registers(program);
  auto compiled = part().compile(program, symbol, host_has_bf16());
  if (!perf_map_enabled()) return compiled;
  return std::make_shared<NamedProgram>(std::move(compiled));
}

ObjectFile object_llvm(const ObjectRequest& request) {
  refuse_half_registers(*request.program);
  return part().object(request);
}
std::string text_llvm(const ObjectRequest& request) {
  refuse_half_registers(*request.program);
  return part().text(request);
}
std::string_view llvm_aot_driver() { return part().aot_driver(); }

}  // namespace tconv::jit

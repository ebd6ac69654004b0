// From a program to executable pages: all kernels are emitted, then copied once.
#include <memory>
#include <optional>

#include "jit/backend.h"
#include "jit/code_memory.h"
#include "jit/emit_program.h"
#include "jit/gdb_jit.h"
#include "jit/host_features.h"
#include "jit/perf_map.h"
#include "jit/unwind.h"

namespace tconv::jit {
namespace {

std::vector<CodeRange> ranges(std::span<const std::byte> code,
                              const std::vector<std::vector<KernelCode>>& stages) {
  std::vector<CodeRange> list;
  for (const auto& stage : stages)
    for (const KernelCode& k : stage) list.push_back({code.data() + k.offset, k.bytes});
  return list;
}

class XbyakProgram final : public CompiledProgram {
 public:
  XbyakProgram(std::span<const std::byte> code, std::vector<std::vector<KernelCode>> kernels)
      : memory_(code), unwind_(ranges(memory_.code(), kernels)) {
    code_ = memory_.code();
    stages_ = std::move(kernels);
    for (auto& stage : stages_)
      for (KernelCode& k : stage)
        k.function = reinterpret_cast<ir::KernelFn>(  // NOLINT: bytes that were just emitted
            const_cast<std::byte*>(code_.data() + k.offset));
    if (!perf_map_enabled()) return;
    append_perf_map(*this);
    gdb_.emplace(*this);
  }

 private:
  CodeMemory memory_;
  UnwindInfo unwind_;
  std::optional<GdbRegistration> gdb_;
};

}  // namespace

std::shared_ptr<const CompiledProgram> compile_xbyak(const ir::Program& program,
                                                     const std::string& symbol) {
  std::string missing;
  if (!host_supports(program.target, &missing))
    throw CompileError("cannot run target " + program.target + " here: missing " + missing);
  EmittedProgram emitted =
      emit_program(program, symbol, {.bf16 = host_has_bf16(), .fp16 = host_has_fp16()});
  return std::make_shared<XbyakProgram>(emitted.bytes, std::move(emitted.stages));
}

}  // namespace tconv::jit

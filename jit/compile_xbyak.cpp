// From a program to executable pages: emit every kernel into a scratch buffer, then copy once.
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>

#include "ir/target.h"
#include "jit/backend.h"
#include "jit/code_memory.h"
#include "jit/emit_xbyak.h"
#include "jit/gdb_jit.h"
#include "jit/host_features.h"
#include "jit/perf_map.h"
#include "jit/unwind.h"

namespace tconv::jit {
namespace {

// One per thread, kept: programs are compiled often and are small.
class Scratch {
 public:
  std::byte* data() const { return memory_.get(); }
  std::size_t size() const { return bytes_; }
  void grow() {
    bytes_ = bytes_ == 0 ? std::size_t{1} << 18 : bytes_ * 2;
    memory_.reset(static_cast<std::byte*>(std::aligned_alloc(4096, bytes_)));
    if (!memory_) throw std::bad_alloc();
  }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  std::unique_ptr<std::byte, Free> memory_;
  std::size_t bytes_ = 0;
};

struct Emitted {
  std::size_t bytes = 0;
  std::vector<std::vector<KernelCode>> stages;
};

Emitted emit_program(const ir::Program& program, const ir::Target& target,
                     const std::string& symbol, const Scratch& scratch) {
  Assembler as(scratch.data(), scratch.size());
  const std::unique_ptr<Isa> isa =
      target.name == "avx512" ? make_avx512(as, host_has_bf16()) : make_avx2(as);
  Emitted out;
  std::set<std::string> names;
  for (const ir::Stage& stage : program.stages) {
    std::vector<KernelCode>& kernels = out.stages.emplace_back();
    for (const ir::Kernel& kernel : stage.kernels) {
      as.align(64);
      KernelCode code;
      code.name = symbol + "_" + kernel.name;
      for (int n = 2; !names.insert(code.name).second; ++n)
        code.name = symbol + "_" + kernel.name + "_" + std::to_string(n);
      code.offset = as.getSize();
      emit_kernel(program, target, kernel, as, *isa);
      code.bytes = as.getSize() - code.offset;
      kernels.push_back(std::move(code));
    }
  }
  as.write_pool();
  out.bytes = as.getSize();
  return out;
}

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
  if (program.target != "avx512" && program.target != "avx2")
    throw CompileError("Xbyak has no instruction table for target " + program.target);
  const ir::Target& target = *ir::find_target(program.target);
  static thread_local Scratch scratch;
  if (scratch.size() == 0) scratch.grow();
  for (;;) {
    try {
      Emitted e = emit_program(program, target, symbol, scratch);
      return std::make_shared<XbyakProgram>(std::span(scratch.data(), e.bytes),
                                            std::move(e.stages));
    } catch (const Xbyak::Error& error) {
      if (static_cast<int>(error) != Xbyak::ERR_CODE_IS_TOO_BIG || scratch.size() > 1u << 26)
        throw CompileError(std::string("code generation failed: ") + error.what());
      scratch.grow();
    }
  }
}

}  // namespace tconv::jit

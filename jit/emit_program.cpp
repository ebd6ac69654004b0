#include "jit/emit_program.h"

#include <cstdlib>
#include <memory>
#include <set>

#include "ir/target.h"
#include "jit/emit_xbyak.h"

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

EmittedProgram emit_into(const Scratch& scratch, const ir::Program& program,
                         const ir::Target& target, const std::string& symbol,
                         Extensions extensions) {
  Assembler as(scratch.data(), scratch.size());
  const std::unique_ptr<Isa> isa =
      target.name == "avx512" ? make_avx512(as, extensions) : make_avx2(as);
  EmittedProgram out;
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
  out.bytes = std::span(scratch.data(), as.getSize());
  return out;
}

}  // namespace

EmittedProgram emit_program(const ir::Program& program, const std::string& symbol,
                            Extensions extensions) {
  if (program.target != "avx512" && program.target != "avx2")
    throw CompileError("Xbyak has no instruction table for target " + program.target);
  const ir::Target& target = *ir::find_target(program.target);
  static thread_local Scratch scratch;
  if (scratch.size() == 0) scratch.grow();
  for (;;) {
    try {
      return emit_into(scratch, program, target, symbol, extensions);
    } catch (const Xbyak::Error& error) {
      if (static_cast<int>(error) != Xbyak::ERR_CODE_IS_TOO_BIG || scratch.size() > 1u << 26)
        throw CompileError(std::string("code generation failed: ") + error.what());
      scratch.grow();
    }
  }
}

}  // namespace tconv::jit

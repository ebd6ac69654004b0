#include "jit/llvm/machine.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/Triple.h>

#include <array>

namespace tconv::jit::llvm_part {
namespace {

// The instruction sets by the names of the IR's target table. Features are exactly what
// host_features.cpp asks a CPU for: `cpu` only tunes.
struct Entry {
  const char* target;
  llvm::Triple::ArchType arch;
  const char* baseline;  // LLVM's name of the CPU that the features are added to
  const char* features;
  Ability ability;
};
const std::array kEntries = {
    Entry{"avx512",
          llvm::Triple::x86_64,
          "x86-64",
          "+avx2,+fma,+f16c,+avx512f,+avx512bw,+avx512dq,+avx512vl,+evex512",
          {.fma = true, .half = true, .round = true, .mask_bytes = true, .mask_words = true}},
    Entry{"avx2",
          llvm::Triple::x86_64,
          "x86-64",
          "+avx2,+fma,+f16c",
          {.fma = true, .half = true, .round = true, .mask_words = true}},
    Entry{"sse2", llvm::Triple::x86_64, "x86-64", "+sse2", {}},
    Entry{"neon128",
          llvm::Triple::aarch64,
          "generic",
          "+neon",
          {.fma = true, .half = true, .round = true}},
};

void initialize() {
  // Both sets are in every build of Debian's library; a function-local static because it is slow.
  static const bool done = [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
    return true;
  }();
  static_cast<void>(done);
}

const Entry& entry(const std::string& target) {
  for (const Entry& e : kEntries)
    if (target == e.target) return e;
  throw CompileError("LLVM has no instruction set for target \"" + target + "\"");
}

[[noreturn]] void refuse_cpu(const std::string& cpu, const llvm::MCSubtargetInfo& known) {
  std::string names;
  for (const llvm::SubtargetSubTypeKV& entry : known.getAllProcessorDescriptions())
    names += std::string(" ") + entry.Key;
  throw CompileError("cpu=" + cpu + " is unknown to LLVM for " + known.getTargetTriple().str() +
                     "; there are" + names);
}

}  // namespace

Machine make_machine(const ObjectRequest& request) {
  initialize();
  const Entry& e = entry(request.program->target);
  const bool host = request.triple.empty();
  llvm::Triple triple(
      llvm::Triple::normalize(host ? llvm::sys::getProcessTriple() : request.triple));
  if (host && triple.getArch() != e.arch)
    triple = llvm::Triple(llvm::Triple::getArchTypeName(e.arch), "unknown", "linux", "gnu");
  if (triple.getArch() == llvm::Triple::UnknownArch)
    throw CompileError(
        "triple " + request.triple + " is unknown: ARCH-VENDOR-SYSTEM is needed, as " +
        (e.arch == llvm::Triple::aarch64 ? "aarch64-linux-gnu" : "x86_64-linux-gnu"));
  if (triple.getArch() != e.arch)
    throw CompileError("target " + request.program->target + " needs a triple of " +
                       llvm::Triple::getArchTypeName(e.arch).str() + ", not " + triple.str());
  if (!triple.isOSBinFormatELF())
    throw CompileError("triple " + request.triple + " has no ELF objects: others are not written");

  Machine machine;
  machine.triple = triple.str();
  machine.ability = e.ability;
  machine.features = e.features;
  machine.ability.bf16 = request.bf16 && request.program->target == std::string("avx512");
  if (machine.ability.bf16) machine.features += ",+avx512bf16";

  std::string error;
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(machine.triple, error);
  if (target == nullptr) throw CompileError("triple " + machine.triple + ": " + error);
  const bool native = request.cpu == "native" || (request.cpu.empty() && host);
  machine.tune = native                ? llvm::sys::getHostCPUName().str()
                 : request.cpu.empty() ? e.baseline
                                       : request.cpu;
  const std::unique_ptr<llvm::MCSubtargetInfo> known(
      target->createMCSubtargetInfo(machine.triple, e.baseline, ""));
  if (!known->isCPUStringValid(machine.tune)) {
    if (!native) refuse_cpu(request.cpu, *known);
    machine.tune = e.baseline;  // the host is of another architecture, or newer than LLVM
  }
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  machine.target.reset(target->createTargetMachine(
      machine.triple, e.baseline, machine.features, options, llvm::Reloc::PIC_,
      llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default, false));
  return machine;
}

}  // namespace tconv::jit::llvm_part

// Emitted programs as object files.
#include <elf.h>

#include "jit/backend.h"
#include "jit/call_frame.h"
#include "jit/elf_object.h"
#include "jit/emit_program.h"

namespace tconv::jit {

ObjectFile object_xbyak(const ObjectRequest& request) {
  const std::string& symbol = request.symbol;
  const EmittedProgram emitted =
      emit_program(*request.program, symbol, {.bf16 = request.bf16, .fp16 = request.fp16});
  ElfObject object(ElfMachine::x86_64);
  const auto text = object.add_section(
      ".text." + symbol, ElfObject::Contents::code, 64,
      {reinterpret_cast<const char*>(emitted.bytes.data()), emitted.bytes.size()});
  ObjectFile out;
  out.code_bytes = emitted.bytes.size();
  std::vector<FrameRange> ranges;
  for (const auto& stage : emitted.stages) {
    std::vector<std::string>& symbols = out.symbols.emplace_back();
    for (const KernelCode& kernel : stage) {
      object.define(kernel.name, text, kernel.offset, kernel.bytes, true);
      ranges.push_back({.begin = kernel.offset, .bytes = kernel.bytes});
      symbols.push_back(kernel.name);
    }
  }
  LinkedCallFrames frames = linked_call_frames(ranges);
  const auto eh_frame = object.add_section(".eh_frame", ElfObject::Contents::constants, 8,
                                           {frames.bytes.begin(), frames.bytes.end()});
  const auto start = object.start_of(text);
  for (std::size_t i = 0; i < ranges.size(); ++i)
    object.relocate(eh_frame, frames.begin_fields[i], R_X86_64_PC32, start,
                    static_cast<std::int64_t>(ranges[i].begin));
  out.bytes = object.bytes();
  return out;
}

}  // namespace tconv::jit

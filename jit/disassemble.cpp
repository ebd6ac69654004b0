#include "jit/backend.h"
#include "jit/disassembler/interface.h"
#include "jit/part.h"

namespace tconv::jit {

std::string disassemble(const CompiledProgram& program) {
  static const auto* const part =
      static_cast<const DisassemblerFunctions*>(open_part("disassembler", part_folders()));
  return part->disassemble(program);
}

}  // namespace tconv::jit

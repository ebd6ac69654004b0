// The part libtconv_disassembler.so: Zydis, and the text that is made with it.
#pragma once

#include <string>

#include "jit/backend.h"

namespace tconv::jit {

struct DisassemblerFunctions {
  std::string (*disassemble)(const CompiledProgram& program);  // as in backend.h
};

}  // namespace tconv::jit

#include <Zydis/Zydis.h>

#include <cstdio>
#include <cstring>
#include <map>

#include "jit/disassembler/interface.h"
#include "jit/part.h"

namespace tconv::jit {
namespace {

// One instruction and the place it refers to (a jump's target or a constant), as an offset in the
// code.
struct Decoded {
  ZydisDecodedInstruction instruction;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  std::size_t offset = 0;
  bool jump = false, constant = false;
  std::size_t refers_to = 0;
};

std::vector<Decoded> decode(std::span<const std::byte> code, const KernelCode& kernel) {
  ZydisDecoder decoder;
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  std::vector<Decoded> out;
  for (std::size_t at = kernel.offset; at < kernel.offset + kernel.bytes;) {
    Decoded d;
    d.offset = at;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, code.data() + at,
                                             kernel.offset + kernel.bytes - at, &d.instruction,
                                             d.operands)))
      throw CompileError("undecodable machine code at offset " + std::to_string(at));
    for (int i = 0; i < d.instruction.operand_count_visible; ++i) {
      const ZydisDecodedOperand& o = d.operands[i];
      const bool jump = o.type == ZYDIS_OPERAND_TYPE_IMMEDIATE && o.imm.is_relative;
      const bool rip = o.type == ZYDIS_OPERAND_TYPE_MEMORY && o.mem.base == ZYDIS_REGISTER_RIP;
      if (!jump && !rip) continue;
      ZyanU64 target = 0;
      ZydisCalcAbsoluteAddress(&d.instruction, &o, at, &target);
      (jump ? d.jump : d.constant) = true;
      d.refers_to = static_cast<std::size_t>(target);
    }
    at += d.instruction.length;
    out.push_back(d);
  }
  return out;
}

// The constant as 32-bit words, repeats counted: {0x3f800000 x8}.
std::string words(std::span<const std::byte> code, const Decoded& d) {
  std::size_t bytes = 4;
  for (int i = 0; i < d.instruction.operand_count_visible; ++i) {
    const ZydisDecodedOperand& o = d.operands[i];
    if (o.type == ZYDIS_OPERAND_TYPE_MEMORY)
      bytes = d.instruction.avx.broadcast.mode == ZYDIS_BROADCAST_MODE_INVALID
                  ? o.size / 8u
                  : o.element_size / 8u;
  }
  std::string out = "{";
  for (std::size_t i = 0; i < bytes && d.refers_to + i + 4 <= code.size();) {
    std::uint32_t value = 0, next = 0;
    std::memcpy(&value, code.data() + d.refers_to + i, 4);
    int times = 0;
    do {
      ++times;
      i += 4;
      if (i >= bytes || d.refers_to + i + 4 > code.size()) break;
      std::memcpy(&next, code.data() + d.refers_to + i, 4);
    } while (next == value);
    char text[32];
    std::snprintf(text, sizeof text, times > 1 ? "0x%x x%d" : "0x%x", value, times);
    out += (out.size() > 1 ? ", " : "") + std::string(text);
  }
  return out + "}";
}

std::string format(const ZydisFormatter& formatter, const Decoded& d, std::string_view label) {
  if (d.jump) {
    char text[64];
    std::snprintf(text, sizeof text, "%s %.*s", ZydisMnemonicGetString(d.instruction.mnemonic),
                  static_cast<int>(label.size()), label.data());
    return text;
  }
  char text[160];
  ZydisFormatterFormatInstruction(&formatter, &d.instruction, d.operands,
                                  d.instruction.operand_count_visible, text, sizeof text,
                                  ZYDIS_RUNTIME_ADDRESS_NONE, nullptr);
  return text;
}

std::string text_of(const CompiledProgram& program) {
  ZydisFormatter formatter;
  ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_RELATIVE_RIPREL, ZYAN_TRUE);
  std::string out;
  for (const auto& stage : program.stages()) {
    for (const KernelCode& kernel : stage) {
      const std::vector<Decoded> list = decode(program.code(), kernel);
      std::map<std::size_t, std::string> labels;
      for (const Decoded& d : list)
        if (d.jump) labels[d.refers_to];
      int n = 0;
      for (auto& [offset, label] : labels) label.append("L").append(std::to_string(n++));
      out += kernel.name + ":\n";
      for (const Decoded& d : list) {
        if (const auto l = labels.find(d.offset); l != labels.end()) out += l->second + ":\n";
        out += "  " + format(formatter, d, d.jump ? labels[d.refers_to] : std::string());
        if (d.constant) out += "  ; " + words(program.code(), d);
        out += '\n';
      }
    }
  }
  return out;
}

constexpr DisassemblerFunctions kFunctions{text_of};

}  // namespace
}  // namespace tconv::jit

extern "C" [[gnu::visibility("default")]] const tconv::jit::PartEntry tconv_part;
const tconv::jit::PartEntry tconv_part{TCONV_VERSION, &tconv::jit::kFunctions};

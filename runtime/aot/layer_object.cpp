#include "runtime/aot/layer_object.h"

#include <elf.h>

#include <array>

#include "jit/call_frame.h"
#include "runtime/aot/layer_table.h"

namespace tconv::runtime {
namespace {

using jit::ElfMachine;
using jit::ElfObject;

struct Function {
  const char* name;
  unsigned arguments;  // the tables are the next
};
constexpr std::array kFunctions = {Function{"pack", 2}, Function{"run", 1}, Function{"begin", 2},
                                   Function{"isa", 0}, Function{"missing", 0}};
constexpr std::size_t kFunctionBytes = 16;

struct Hole {
  std::size_t offset;
  std::uint32_t type;
  bool driver;  // otherwise the tables
  std::int64_t addend;
};
struct Stub {
  std::string bytes;  // kFunctionBytes of them
  std::vector<Hole> holes;
};

// endbr64; lea argument, [rip + tables]; jmp driver
Stub x86_stub(unsigned argument) {
  constexpr std::array<char, 3> kRegister = {0x3D, 0x35, 0x15};  // rdi, rsi, rdx
  std::string bytes = "\xF3\x0F\x1E\xFA\x48\x8D";
  bytes += kRegister.at(argument);
  bytes += std::string(4, '\0') + '\xE9' + std::string(4, '\0');
  return {bytes, {{7, R_X86_64_PC32, false, -4}, {12, R_X86_64_PLT32, true, -4}}};
}

// bti c; adrp argument, tables; add argument, argument, :lo12:tables; b driver
Stub aarch64_stub(unsigned argument) {
  std::string bytes;
  for (const std::uint32_t word :
       {0xD503245FU, 0x90000000U | argument, 0x91000000U | argument << 5 | argument, 0x14000000U})
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift);
  return {bytes,
          {{4, R_AARCH64_ADR_PREL_PG_HI21, false, 0},
           {8, R_AARCH64_ADD_ABS_LO12_NC, false, 0},
           {12, R_AARCH64_JUMP26, true, 0}}};
}

}  // namespace

const std::vector<std::string>& layer_functions() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Function& f : kFunctions) list.emplace_back(f.name);
    return list;
  }();
  return names;
}

std::string layer_object(const LayerCode& layer, ElfMachine machine) {
  const bool x86 = machine == ElfMachine::x86_64;
  const LayerTable table = layer_table(layer);
  std::array<Stub, kFunctions.size()> stubs;
  std::string code;
  for (std::size_t f = 0; f < kFunctions.size(); ++f) {
    stubs[f] = x86 ? x86_stub(kFunctions[f].arguments) : aarch64_stub(kFunctions[f].arguments);
    code += stubs[f].bytes;
  }

  ElfObject object(machine);
  const auto text =
      object.add_section(".text." + layer.symbol, ElfObject::Contents::code, 16, code);
  const auto tables = object.add_section(".rodata." + layer.symbol, ElfObject::Contents::constants,
                                         16, table.bytes.bytes());
  const auto tables_start = object.start_of(tables);
  for (std::size_t f = 0; f < kFunctions.size(); ++f) {
    const std::string name = kFunctions[f].name;
    object.define(layer.symbol + "_" + name, text, f * kFunctionBytes, kFunctionBytes, false);
    const auto driver = object.refer("tconv_aot_1_" + name);
    for (const Hole& hole : stubs[f].holes)
      object.relocate(text, f * kFunctionBytes + hole.offset, hole.type,
                      hole.driver ? driver : tables_start,
                      hole.addend + (hole.driver ? 0 : table.layer));
  }
  for (const TableBytes::Outside& field : table.bytes.outside())
    object.relocate(tables, field.offset, x86 ? R_X86_64_PC32 : R_AARCH64_PREL32,
                    object.refer(field.symbol), 0);
  if (x86) {
    const jit::FrameRange all{.begin = 0, .bytes = code.size(), .kernel = false};
    const jit::LinkedCallFrames frames = jit::linked_call_frames(std::span(&all, 1));
    const auto eh_frame = object.add_section(".eh_frame", ElfObject::Contents::constants, 8,
                                             {frames.bytes.begin(), frames.bytes.end()});
    object.relocate(eh_frame, frames.begin_fields[0], R_X86_64_PC32, object.start_of(text), 0);
  }
  return object.bytes();
}

}  // namespace tconv::runtime

// Xbyak's code generator with a pool of constants behind the code.
#pragma once

#include <xbyak/xbyak.h>

#include <cstddef>
#include <cstdint>
#include <deque>

namespace tconv::jit {

// Writes into memory that the caller owns; Xbyak::Error ERR_CODE_IS_TOO_BIG when it is full. The
// bytes refer to nothing outside themselves, so they may be copied to any 64-byte aligned address.
class Assembler : public Xbyak::CodeGenerator {
 public:
  Assembler(void* memory, std::size_t bytes) : Xbyak::CodeGenerator(bytes, memory) {}

  // A RIP-relative place that holds `bytes` (4 to 64, a power of two) at its natural alignment.
  // Equal constants share one place.
  Xbyak::RegRip constant(const void* value, std::size_t bytes);
  Xbyak::RegRip constant32(std::uint32_t value) { return constant(&value, sizeof value); }

  // Once, after the last instruction.
  void write_pool();

  // `to`: a register of 64 bits or a place of 8 bytes in memory.
  void add_constant(const Xbyak::Operand& to, std::int64_t value, const Xbyak::Reg64& scratch);

 private:
  struct Constant {
    std::uint8_t value[64];
    std::size_t bytes;
    Xbyak::Label label;
  };
  std::deque<Constant> pool_;  // labels are referred to by address
};

}  // namespace tconv::jit

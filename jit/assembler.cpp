#include "jit/assembler.h"

#include <cstring>
#include <limits>

namespace tconv::jit {

Xbyak::RegRip Assembler::constant(const void* value, std::size_t bytes) {
  for (const Constant& c : pool_)
    if (c.bytes == bytes && std::memcmp(c.value, value, bytes) == 0) return rip + c.label;
  Constant& c = pool_.emplace_back();
  std::memcpy(c.value, value, bytes);
  c.bytes = bytes;
  return rip + c.label;
}

void Assembler::write_pool() {
  if (pool_.empty()) return;
  align(64);
  for (std::size_t bytes = 64; bytes >= 4; bytes /= 2) {  // large first: no padding in between
    for (Constant& c : pool_) {
      if (c.bytes != bytes) continue;
      L(c.label);
      db(c.value, bytes);
    }
  }
}

void Assembler::add_constant(const Xbyak::Operand& to, std::int64_t value,
                             const Xbyak::Reg64& scratch) {
  if (value == 0) return;
  if (value == 128) {  // -128 fits in a byte
    sub(to, -128);
  } else if (value == std::int64_t(std::int32_t(value))) {
    add(to, static_cast<std::uint32_t>(value));
  } else {
    mov(scratch, static_cast<std::uint64_t>(value));
    add(to, scratch);
  }
}

}  // namespace tconv::jit

// Pages of machine code: written first, then executable, never both at once.
#pragma once

#include <cstddef>
#include <span>

namespace tconv::jit {

class CodeMemory {
 public:
  // Copies `code`. Throws CompileError where the system refuses executable memory.
  explicit CodeMemory(std::span<const std::byte> code);
  ~CodeMemory();
  CodeMemory(const CodeMemory&) = delete;
  CodeMemory& operator=(const CodeMemory&) = delete;

  std::span<const std::byte> code() const {
    return {static_cast<const std::byte*>(memory_), bytes_};
  }

 private:
  void* memory_ = nullptr;
  std::size_t bytes_ = 0, mapped_ = 0;
};

}  // namespace tconv::jit

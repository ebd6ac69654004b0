// Unwind information, so that backtraces, debuggers and profilers pass through kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tconv::jit {

struct CodeRange {
  const std::byte* begin = nullptr;
  std::size_t bytes = 0;
};

// Registered with the C++ runtime for as long as it lives. All kernels have the frame of
// kernel_frame.h.
class UnwindInfo {
 public:
  explicit UnwindInfo(std::span<const CodeRange> kernels);
  ~UnwindInfo();
  UnwindInfo(const UnwindInfo&) = delete;
  UnwindInfo& operator=(const UnwindInfo&) = delete;

 private:
  std::vector<std::uint8_t> eh_frame_;
};

}  // namespace tconv::jit

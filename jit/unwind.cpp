#include "jit/unwind.h"

#include <memory>

#include "jit/call_frame.h"

// Of libgcc: the unwinder that C++ exceptions and backtrace() use.
extern "C" {
void __register_frame(void*);
void __deregister_frame(void*);
}

namespace tconv::jit {

UnwindInfo::UnwindInfo(std::span<const CodeRange> kernels) {
  std::vector<FrameRange> ranges;
  for (const CodeRange& k : kernels)
    ranges.push_back({.begin = reinterpret_cast<std::uintptr_t>(k.begin), .bytes = k.bytes});
  eh_frame_ = loaded_call_frames(ranges);
  // libgcc does not look whether it got the memory for its registry (an object and a few nodes of a
  // tree, each under 400 bytes): asked for here, it can still be an error.
  constexpr std::size_t kRegistryBytes = 4096;
  std::make_unique<std::byte[]>(kRegistryBytes).reset();
  __register_frame(eh_frame_.data());
}

UnwindInfo::~UnwindInfo() { __deregister_frame(eh_frame_.data()); }

}  // namespace tconv::jit

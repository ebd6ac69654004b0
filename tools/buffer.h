// Memory for tensors: owned, 64-byte aligned, whole lines.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace tconv::tools {

class Buffer {
 public:
  Buffer() = default;
  // Contents are indeterminate. Throws std::bad_alloc.
  explicit Buffer(std::size_t bytes) : bytes_(bytes) {
    if (bytes == 0) return;
    memory_.reset(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
    if (!memory_) throw std::bad_alloc();
  }
  void* data() { return memory_.get(); }
  const void* data() const { return memory_.get(); }
  template <class T>
  T* as() {
    return static_cast<T*>(memory_.get());
  }
  template <class T>
  const T* as() const {
    return static_cast<const T*>(memory_.get());
  }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_;
  std::size_t bytes_ = 0;
};

}  // namespace tconv::tools

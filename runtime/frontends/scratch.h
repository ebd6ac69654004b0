// Memory that one call needs and the next one takes over: of the calling thread, so that a call
// neither allocates nor meets fresh pages after the first.
#pragma once

#include <cstddef>

namespace tconv::frontends {

// A block of at least `bytes`, 64-byte aligned, until the lease ends. Leases of one thread nest.
// Blocks above 64 MiB are given back at once, the others when the thread ends.
class ScratchLease {
 public:
  explicit ScratchLease(std::size_t bytes);  // throws std::bad_alloc
  ~ScratchLease();
  ScratchLease(const ScratchLease&) = delete;
  ScratchLease& operator=(const ScratchLease&) = delete;
  void* data() const { return data_; }

 private:
  void* data_ = nullptr;
  int slot_ = -1;  // of the thread's blocks; -1: of its own
};

}  // namespace tconv::frontends

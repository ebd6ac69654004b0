// Entry and exit of a kernel and its loop over grid points.
#pragma once

#include <functional>

#include "ir/ir.h"
#include "jit/scalars.h"

namespace tconv::jit {

// The frame is the same for all kernels, so that one unwind description fits (unwind.cpp):
// rbp, then rbx, r12..r15, then the slots.
class KernelFrame {
 public:
  enum Slot { kBuffers, kParams, kLocal, kRemaining, kFirst };
  // Slots that the frame itself uses, counted from 0.
  static int slots(const ir::Program& program, const ir::Kernel& kernel) {
    return kFirst + static_cast<int>(program.params.size() + 2 * kernel.grid.size());
  }

  KernelFrame(Assembler& as, Scalars& scalars, const ir::Program& program, const ir::Kernel& kernel,
              int slots)
      : as_(as), scalars_(scalars), program_(program), kernel_(kernel), slots_(slots) {}

  // Up to the head of the loop over grid points, whose variables then have values. `once` runs
  // before the loop.
  void enter(const std::function<void()>& once);
  // The next grid point, then the way out.
  void leave();

 private:
  struct Extent {
    bool constant = false;
    std::int64_t value = 0;
    int slot = 0;
  };
  void decode_begin();

  Assembler& as_;
  Scalars& scalars_;
  const ir::Program& program_;
  const ir::Kernel& kernel_;
  int slots_;
  std::vector<Extent> extents_;
  Xbyak::Label point_, out_;
};

}  // namespace tconv::jit

// The interpreter: the oracle that every backend must equal bit for bit.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "ir/ir.h"

namespace tconv::ir {

// Told of every byte range that a load, bcast or store touches (lanes that are on), before it
// happens: offset from the start of the view's buffer. `line` is the statement's.
struct Access {
  BufferId buffer = 0;
  std::int64_t offset = 0, bytes = 0;
  bool write = false;
  int line = 0;
};
using AccessHook = std::function<void(const Access&)>;

struct FlatKernel;

// A kernel translated once for many calls. Keeps nothing of the program. Translating costs about as
// much as executing each unrolled statement a few times. Immutable: many threads may run it at
// once.
class InterpretedKernel {
 public:
  // Throws std::logic_error for a program that no verifier would pass (unknown target, register
  // index outside its array); memory is not checked.
  InterpretedKernel(const Program& program, const Kernel& kernel);

  // Executes grid points begin..end; arguments as KernelFn's. Registers and the local buffers that
  // the kernel uses hold NaN at the start of every grid point. Rounding and denormals are IEEE
  // whatever the host set. With a hook that throws, nothing outside the buffers is touched.
  void run(void* const* buffers, const std::int64_t* params, std::int64_t begin, std::int64_t end,
           void* local, const AccessHook& hook = {}) const;

 private:
  std::shared_ptr<const FlatKernel> flat_;
};

// Translates and runs.
void interpret(const Program& program, const Kernel& kernel, void* const* buffers,
               const std::int64_t* params, std::int64_t begin, std::int64_t end, void* local,
               const AccessHook& hook = {});

// Every stage and kernel in order; local memory is its own.
void interpret(const Program& program, void* const* buffers, const std::int64_t* params = nullptr,
               const AccessHook& hook = {});

}  // namespace tconv::ir

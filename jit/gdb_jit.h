// GDB's JIT interface: a debugger that is attached, or attaches later, sees kernels by name.
#pragma once

#include <memory>

#include "jit/backend.h"

namespace tconv::jit {

// Told to GDB for as long as it lives. The program must live longer.
class GdbRegistration {
 public:
  explicit GdbRegistration(const CompiledProgram& program);
  ~GdbRegistration();
  GdbRegistration(const GdbRegistration&) = delete;
  GdbRegistration& operator=(const GdbRegistration&) = delete;

 private:
  struct Entry;
  std::unique_ptr<Entry> entry_;
};

}  // namespace tconv::jit

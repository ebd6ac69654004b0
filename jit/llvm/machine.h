// What LLVM must know of a target of the IR: triple, features, and which operations of ours have an
// instruction there.
#pragma once

#include <memory>
#include <string>

#include "jit/backend.h"

namespace llvm {
class TargetMachine;
}

namespace tconv::jit::llvm_part {

// What is missing is written in operations of integers and floats that the target has.
struct Ability {
  bool fma = false;
  bool half = false;        // conversions between f16 and f32
  bool round = false;       // to an integral value, ties to even
  bool bf16 = false;        // AVX512_BF16
  bool mask_bytes = false;  // partial vectors of any element, by mask registers
  bool mask_words = false;  // partial loads of 4- and 8-byte elements
};

struct Machine {
  std::string triple, features, tune;
  Ability ability;
  std::unique_ptr<llvm::TargetMachine> target;
};

// For the request's program, triple and cpu ("" is this host). Throws CompileError that names what
// is unknown or does not fit.
Machine make_machine(const ObjectRequest& request);

}  // namespace tconv::jit::llvm_part

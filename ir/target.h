// Targets as data: what the verifier, the planner and the emitters must know of an instruction set.
#pragma once

#include <string>
#include <vector>

#include "ir/ir.h"

namespace tconv::ir {

struct Target {
  std::string name;
  int vector_bytes = 0;  // one register
  int registers = 0;     // vector registers, temporaries of the emitter included
  int pointers = 0;      // views that one kernel may use (the hottest get registers)
  bool fma = true;       // false: builders write mul and add
  bool bcast_operand =
      false;  // a broadcast element of a register's type can be an instruction's memory operand
  bool masked_lanes = false;  // mask registers: a partial load or store needs no vector register
  bool dot2 = false;          // CPUs of this target may have the instruction (bf16 pairs)
  bool half = false;          // and registers of f16 with their arithmetic
  std::int64_t max_instructions = 0;  // of one kernel, after unrolling

  int lanes(DType register_type) const { return vector_bytes / bytes(register_type); }
  bool has(DType register_type) const { return register_type != DType::f16 || half; }
  bool operator==(const Target&) const = default;
};

// avx512 avx2 sse2 neon128, and "tiny" (4 registers of 16 bytes: for tests). nullptr if unknown.
const Target* find_target(const std::string& name);
std::vector<std::string> target_names();

// Vector registers, beyond the declared ones, that `stmt` needs while it executes on `target`.
// Emitters use no more; the verifier counts them.
int temporaries(const Program& program, const Target& target, const Stmt& stmt);

// The same for a store of a register to memory of this type, of all lanes or of some.
int store_temporaries(DType memory, DType reg, bool all_lanes, const Target& target);

// Which operand of `assign` the instruction can take from memory (-1: none). Shared by
// `temporaries` and the emitters so that they agree.
int folded_operand(const Program& program, const Target& target, const Assign& assign);

}  // namespace tconv::ir

// Runs a lowered program on tensors, with the interpreter or with compiled code: what runtime/
// does, without its caches, so that planner and backends are tested by themselves.
#pragma once

#include <cstdint>

#include "jit/backend.h"
#include "planner/planner.h"
#include "tools/buffer.h"
#include "tools/definition.h"

namespace tconv::tests {

struct ExecuteOptions {
  const jit::CompiledProgram* compiled = nullptr;  // nullptr: the interpreter
  std::int64_t chunk = 0;                          // grid points per call; 0 = all at once
  std::uint64_t shuffle_seed = 0;  // > 0: the chunks of a stage run in this random order
  int locals = 1;  // more: each chunk gets one of so many at random, as the last chunk left it
};

// `tensors` as the problem says, the filter unpacked. `output` has the problem's bytes, and the
// alignment of ArgumentInfo::align. Scratch memory holds NaN at first, local memory before every
// chunk.
void execute(const planner::Problem& problem, const planner::Lowered& lowered,
             const tools::Tensors& tensors, void* output, const ExecuteOptions& options = {});

}  // namespace tconv::tests

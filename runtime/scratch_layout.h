// How a workspace is divided, the same at run time and ahead of time: scratch buffers one after the
// other, then a local block per worker, each rounded up to cache lines.
#pragma once

#include <cstdint>

#include "planner/planner.h"

namespace tconv::runtime {

inline std::int64_t align64(std::int64_t bytes) { return (bytes + 63) / 64 * 64; }

inline std::int64_t scratch_bytes(const planner::Lowered& lowered) {
  std::int64_t bytes = 0;
  for (const planner::ArgumentInfo& argument : lowered.arguments)
    if (argument.kind == planner::Argument::scratch) bytes += align64(argument.bytes);
  return bytes;
}

}  // namespace tconv::runtime

// The checks that every run makes before it reads or writes anything.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/run_sizes.h"
#include "tconv/tconv.hpp"

namespace tconv::runtime {

struct BufferNeeds {
  std::int64_t packed_filter = 0, workspace = 0;
};

[[noreturn]] void refuse_tensor(const char* name, const void* data, std::size_t bytes,
                                std::size_t needed);
[[noreturn]] void refuse_overlap(const char* written, const char* name);

// Throws Error unless `needed` bytes may be touched there; a null pointer has no bytes.
inline void check_tensor(const char* name, const void* data, std::size_t bytes,
                         std::int64_t needed) {
  const auto need = static_cast<std::size_t>(needed);
  if (bytes < need || (data == nullptr && bytes > 0)) refuse_tensor(name, data, bytes, need);
}

// Throws Error if they have a byte in common.
inline void check_apart(const char* written, const void* a, std::int64_t a_bytes, const char* name,
                        const void* b, std::int64_t b_bytes) {
  const auto first = reinterpret_cast<std::uintptr_t>(a),
             second = reinterpret_cast<std::uintptr_t>(b);
  if (a_bytes > 0 && b_bytes > 0 && first < second + static_cast<std::uintptr_t>(b_bytes) &&
      second < first + static_cast<std::uintptr_t>(a_bytes))
    refuse_overlap(written, name);
}

// `bytes` are those of this run. Throws Error naming the argument: a null pointer, too few bytes, a
// bias or operand too many, or an output or workspace that overlaps with another tensor. A
// workspace of {nullptr, 0} passes.
void check_arguments(const Tensors& tensors, const TensorBytes& bytes, const BufferNeeds& needs,
                     const RunArgs& args);

}  // namespace tconv::runtime

// The packed filter buffer: a 64-byte header, then the elements in the layout that the header
// names. The header lets one buffer hold either of an operation's two layouts and lets a run refuse
// a stranger's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "planner/planner.h"

namespace tconv::runtime {

inline constexpr std::size_t kPackedHeaderBytes = 64;

// Equal layouts have equal hashes, in every process.
std::uint64_t layout_hash(const planner::PackedFilter& layout);

// Whether the filter, in the problem's type, holds an infinity or NaN.
bool has_non_finite(const planner::Problem& problem, const void* filter);

// Writes header and elements. False, and nothing is written, where a transform of finite weights
// overflows: then the filter is one for the twin.
bool write_packed(const planner::Problem& problem, const planner::PackedFilter& layout,
                  std::uint64_t hash, bool non_finite, const void* filter, void* packed);

struct PackedInfo {
  std::uint64_t layout_hash = 0;  // 0: the buffer does not start with a header
  bool non_finite = false;
};
PackedInfo read_packed(const void* packed);

inline const void* packed_elements(const void* packed) {
  return static_cast<const std::byte*>(packed) + kPackedHeaderBytes;
}

}  // namespace tconv::runtime

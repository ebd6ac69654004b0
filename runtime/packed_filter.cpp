#include "runtime/packed_filter.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace tconv::runtime {
namespace {

struct Header {
  char magic[8];  // with the version of this header
  std::uint64_t layout_hash;
  std::uint64_t non_finite;  // 1: the filter holds an infinity or NaN
  std::uint64_t reserved[5];
};
static_assert(sizeof(Header) == kPackedHeaderBytes);
constexpr char kMagic[8] = {'t', 'c', 'p', 'a', 'c', 'k', '0', '1'};

// An element is not finite when all bits of its exponent are set.
template <class Bits>
bool any_exponent_full(const void* filter, std::int64_t elements, Bits exponent) {
  const auto* bytes = static_cast<const std::byte*>(filter);
  bool found = false;
  for (std::int64_t e = 0; e < elements; ++e) {
    Bits bits;
    std::memcpy(&bits, bytes + e * static_cast<std::int64_t>(sizeof bits), sizeof bits);
    found |= (bits & exponent) == exponent;
  }
  return found;
}

bool non_finite_values(ir::DType type, const void* values, std::int64_t bytes) {
  const std::int64_t elements = bytes / ir::bytes(type);
  switch (type) {
    case ir::DType::f64:
      return any_exponent_full<std::uint64_t>(values, elements, 0x7FF0000000000000ULL);
    case ir::DType::f32:
      return any_exponent_full<std::uint32_t>(values, elements, 0x7F800000U);
    case ir::DType::f16:
      return any_exponent_full<std::uint16_t>(values, elements, 0x7C00U);
    case ir::DType::bf16:
      return any_exponent_full<std::uint16_t>(values, elements, 0x7F80U);
    default:
      return false;  // integers are finite
  }
}

bool transforms(const planner::PackedFilter& layout) {
  return !layout.transforms.empty() ||
         std::any_of(layout.more.begin(), layout.more.end(), transforms);
}

}  // namespace

// Of the text, which names every field.
std::uint64_t layout_hash(const planner::PackedFilter& layout) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;  // FNV-1a
  for (const char c : planner::print(layout))
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash == 0 ? 1 : hash;  // 0 means: no header
}

bool has_non_finite(const planner::Problem& problem, const void* filter) {
  return non_finite_values(problem.dtype, filter,
                           planner::filter_elements(problem) * ir::bytes(problem.dtype));
}

bool write_packed(const planner::Problem& problem, const planner::PackedFilter& layout,
                  std::uint64_t hash, bool non_finite, const void* filter, void* packed) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.layout_hash = hash;
  header.non_finite = non_finite ? 1 : 0;
  auto* elements = static_cast<std::byte*>(packed) + kPackedHeaderBytes;
  if (transforms(layout)) {
    // Aside, since it allocates on the way and its sums may overflow.
    const auto bytes = static_cast<std::size_t>(planner::packed_bytes(layout));
    const std::unique_ptr<std::byte[]> aside(new std::byte[bytes]);
    planner::pack(problem, layout, filter, aside.get());
    if (non_finite_values(layout.dtype, aside.get(), planner::packed_bytes(layout))) return false;
    std::memcpy(elements, aside.get(), bytes);
  } else {
    planner::pack(problem, layout, filter, elements);
  }
  // The header last: out of memory comes before the first element is written, and then what the
  // buffer held still stands under its own name.
  std::memcpy(packed, &header, sizeof header);
  return true;
}

PackedInfo read_packed(const void* packed) {
  Header header;
  std::memcpy(&header, packed, sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return {};
  return {header.layout_hash, header.non_finite != 0};
}

}  // namespace tconv::runtime

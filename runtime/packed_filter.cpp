#include "runtime/packed_filter.h"

#include <cstring>

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

class Fnv {
 public:
  void add(std::uint64_t value) {
    for (int byte = 0; byte < 8; ++byte) {
      hash_ = (hash_ ^ (value & 255)) * 0x100000001b3ULL;
      value >>= 8;
    }
  }
  void add(const planner::PackedFilter::Form& form) {
    add(static_cast<std::uint64_t>(form.constant));
    add(form.coeffs.size());
    for (std::int64_t c : form.coeffs) add(static_cast<std::uint64_t>(c));
    add(static_cast<std::uint64_t>(form.divide));
    add(static_cast<std::uint64_t>(form.modulo));
  }
  std::uint64_t value() const { return hash_ == 0 ? 1 : hash_; }  // 0 means: no header

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

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

}  // namespace

std::uint64_t layout_hash(const planner::PackedFilter& layout) {
  Fnv hash;
  hash.add(static_cast<std::uint64_t>(layout.dtype));
  hash.add(layout.dims.size());
  for (std::int64_t d : layout.dims) hash.add(static_cast<std::uint64_t>(d));
  hash.add(layout.group);
  hash.add(layout.oc);
  hash.add(layout.ic);
  for (const auto& form : layout.taps) hash.add(form);
  return hash.value();
}

bool has_non_finite(const planner::Problem& problem, const void* filter) {
  const std::int64_t elements = planner::filter_elements(problem);
  switch (problem.dtype) {
    case ir::DType::f64:
      return any_exponent_full<std::uint64_t>(filter, elements, 0x7FF0000000000000ULL);
    case ir::DType::f32:
      return any_exponent_full<std::uint32_t>(filter, elements, 0x7F800000U);
    case ir::DType::f16:
      return any_exponent_full<std::uint16_t>(filter, elements, 0x7C00U);
    case ir::DType::bf16:
      return any_exponent_full<std::uint16_t>(filter, elements, 0x7F80U);
    default:
      return false;  // integers are finite
  }
}

void write_packed(const planner::Problem& problem, const planner::PackedFilter& layout,
                  std::uint64_t hash, bool non_finite, const void* filter, void* packed) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.layout_hash = hash;
  header.non_finite = non_finite ? 1 : 0;
  // The header last: out of memory comes before the first element is written, and then what the
  // buffer held still stands under its own name.
  planner::pack(problem, layout, filter, static_cast<std::byte*>(packed) + kPackedHeaderBytes);
  std::memcpy(packed, &header, sizeof header);
}

PackedInfo read_packed(const void* packed) {
  Header header;
  std::memcpy(&header, packed, sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return {};
  return {header.layout_hash, header.non_finite != 0};
}

}  // namespace tconv::runtime

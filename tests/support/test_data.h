// Memory and numbers for tests.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <random>
#include <vector>

namespace tconv::test {

template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(64)));
  }
  void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t(64)); }
  bool operator==(const AlignedAllocator&) const { return true; }
};
// 64-byte aligned, as scratch and local buffers are.
template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

// Uniform in -1..1; the same numbers for the same seed on every machine (no std distributions).
inline AlignedVector<float> random_floats(std::size_t count, std::uint32_t seed) {
  std::mt19937 generator(seed);
  AlignedVector<float> values(count);
  for (float& v : values) v = static_cast<float>(static_cast<std::int32_t>(generator())) * 0x1p-31F;
  return values;
}

// Bit patterns that find mistakes: zeros, denormals, the ends of every range, ties, infinities,
// NaN.
inline std::vector<std::uint32_t> special_f32_bits() {
  std::vector<std::uint32_t> bits = {
      0x00000000, 0x00000001, 0x00000002, 0x007fffff, 0x00800000, 0x00800001, 0x33000000,
      0x33000001, 0x33800000, 0x387fffff, 0x38800000, 0x3effffff, 0x3f000000, 0x3f000001,
      0x3f7fffff, 0x3f800000, 0x3f800001, 0x3fc00000, 0x40200000, 0x40490fdb, 0x42b17218,
      0x477fe000, 0x477fefff, 0x477ff000, 0x4affffff, 0x4b000000, 0x4b000001, 0x7f000000,
      0x7f7f7fff, 0x7f7f8000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fa00000, 0x7fc00000,
      0x7fffffff, 0x3f808000, 0x3f818000, 0x3f807fff, 0x00008000, 0x00018000, 0x00808000};
  const std::size_t positive = bits.size();
  for (std::size_t i = 0; i < positive; ++i) bits.push_back(bits[i] | 0x80000000);
  return bits;
}

// Every few patterns from all exponents, signs and NaNs, then the special ones.
inline std::vector<std::uint32_t> sampled_f32_bits(std::uint32_t step) {
  std::vector<std::uint32_t> bits = special_f32_bits();
  for (std::uint64_t b = 0; b < 0x100000000; b += step)
    bits.push_back(static_cast<std::uint32_t>(b));
  return bits;
}

inline bool is_nan_bits(std::uint32_t bits) { return (bits & 0x7fffffff) > 0x7f800000; }
// "Equal" of the IR: the same bits, or both NaN.
inline bool same_value(std::uint32_t a, std::uint32_t b) {
  return a == b || (is_nan_bits(a) && is_nan_bits(b));
}
inline bool same_value(float a, float b) {
  return same_value(std::bit_cast<std::uint32_t>(a), std::bit_cast<std::uint32_t>(b));
}

}  // namespace tconv::test

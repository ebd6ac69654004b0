#include "tools/number.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace tconv::tools {
namespace {

template <class T>
T element(const void* array, std::int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const char*>(array) + index * std::int64_t{sizeof(T)}, sizeof(T));
  return value;
}

template <class T>
void put(void* array, std::int64_t index, T value) {
  std::memcpy(static_cast<char*>(array) + index * std::int64_t{sizeof(T)}, &value, sizeof(T));
}

double from_half(std::uint16_t h) {
  const int exponent = h >> 10 & 31, mantissa = h & 1023;
  double r = exponent == 0    ? std::ldexp(mantissa, -24)
             : exponent == 31 ? (mantissa == 0 ? INFINITY : NAN)
                              : std::ldexp(1024 + mantissa, exponent - 25);
  return (h & 0x8000) != 0 ? -r : r;
}

std::uint16_t to_half(double value) {
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double v = std::fabs(value);
  if (std::isnan(v)) return 0x7e00;
  if (v >= 65520) return static_cast<std::uint16_t>(sign | 0x7c00);
  if (v < 0x1p-14)
    return static_cast<std::uint16_t>(sign | static_cast<int>(std::nearbyint(std::ldexp(v, 24))));
  // A mantissa that rounds up to 2048 carries into the exponent by itself.
  int exponent = 0;
  std::frexp(v, &exponent);
  const int mantissa = static_cast<int>(std::nearbyint(std::ldexp(v, 11 - exponent)));
  return static_cast<std::uint16_t>(sign | (((exponent + 14) << 10) + mantissa - 1024));
}

std::uint16_t to_bfloat(double value) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
  if (std::isnan(value)) return 0x7fc0;
  if ((bits & 0x7f800000) == 0) return static_cast<std::uint16_t>(bits >> 16 & 0x8000);
  return static_cast<std::uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

int mantissa_bits(Type type) {
  switch (type) {
    case Type::f64:
      return 53;
    case Type::f16:
      return 11;
    case Type::bf16:
      return 8;
    default:
      return 24;
  }
}

int least_exponent(Type type) {  // of the smallest normal number
  switch (type) {
    case Type::f64:
      return -1022;
    case Type::f16:
      return -14;
    default:
      return -126;
  }
}

}  // namespace

std::size_t bytes(Type type) {
  switch (type) {
    case Type::f64:
      return 8;
    case Type::f16:
    case Type::bf16:
      return 2;
    default:
      return 4;
  }
}

double read(Type type, const void* array, std::int64_t index) {
  switch (type) {
    case Type::f32:
      return element<float>(array, index);
    case Type::f64:
      return element<double>(array, index);
    case Type::i32:
      return element<std::int32_t>(array, index);
    case Type::f16:
      return from_half(element<std::uint16_t>(array, index));
    case Type::bf16: {
      const auto bits = static_cast<std::uint32_t>(element<std::uint16_t>(array, index)) << 16;
      return std::bit_cast<float>(bits);
    }
  }
  return 0;
}

void write(Type type, void* array, std::int64_t index, double value) {
  switch (type) {
    case Type::f32:
      return put(array, index, static_cast<float>(value));
    case Type::f64:
      return put(array, index, value);
    case Type::i32:
      return put(array, index, static_cast<std::int32_t>(value));
    case Type::f16:
      return put(array, index, to_half(value));
    case Type::bf16:
      return put(array, index, to_bfloat(value));
  }
}

// A number whose last place is the half's at that size is added and taken away again, which rounds.
double round_to_half(double value) {
  constexpr int kLeast = 1023 - 14, kDoubleDigits = 52, kHalfDigits = 10;
  const double size = std::fabs(value);
  const int exponent = std::max(static_cast<int>(std::bit_cast<std::uint64_t>(size) >> 52), kLeast);
  if (!(size < 65520)) return size >= 65520 ? std::copysign(INFINITY, value) : value;
  const auto large = std::bit_cast<double>(
      static_cast<std::uint64_t>(exponent + kDoubleDigits - kHalfDigits) << 52);
  return std::copysign((size + large) - large, value);
}

Precision precision(Type type) {
  if (type == Type::i32)
    return {0, 0, static_cast<double>(std::numeric_limits<std::int32_t>::max())};
  const int bits = mantissa_bits(type), least = least_exponent(type);
  const double largest = type == Type::f64   ? std::numeric_limits<double>::max()
                         : type == Type::f16 ? 65504
                                             : std::ldexp(2 - std::ldexp(1, 1 - bits), 127);
  const double smallest = type == Type::bf16 ? 0x1p-126 : std::ldexp(1, least + 1 - bits);
  return {std::ldexp(1, -bits), smallest, largest};
}

double ulp(Type type, double value) {
  if (type == Type::i32 || !std::isfinite(value)) return 1;
  int exponent = 0;
  std::frexp(value, &exponent);
  if (value == 0) exponent = least_exponent(type);
  return std::ldexp(1, std::max(exponent - 1, least_exponent(type)) + 1 - mantissa_bits(type));
}

}  // namespace tconv::tools

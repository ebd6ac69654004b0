// The element types as numbers: reading, writing, and how far apart neighbours are.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tools/shape.h"

namespace tconv::tools {

std::size_t bytes(Type type);
// Element `index` of an array; f16, bf16 and f32 are exact in a double, i32 too.
double read(Type type, const void* array, std::int64_t index);
// Rounded to nearest even, overflow to infinity (i32: the value must fit). bf16 flushes denormals.
void write(Type type, void* array, std::int64_t index, double value);

// The nearest half, ties to even; 65520 and more is infinity.
double round_to_half(double value);

// What a comparison must know of a type.
struct Precision {
  double unit = 0;      // unit roundoff: half the distance of 1 to the next number
  double smallest = 0;  // absolute error that rounding may add near 0
  double largest = 0;   // largest finite value
};
Precision precision(Type type);
// Distance between |value| and the next number of the type.
double ulp(Type type, double value);

}  // namespace tconv::tools

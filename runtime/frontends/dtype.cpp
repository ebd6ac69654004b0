#include <array>

#include "tconv/tensor.hpp"

namespace tconv {
namespace {

struct Row {
  DType dtype;
  std::string_view name, short_name;
  std::size_t bytes;
};

// In the order of the enumerators.
constexpr Row kRows[] = {
    {DType::f16, "float16", "f16", 2},       {DType::bf16, "bfloat16", "bf16", 2},
    {DType::f32, "float32", "f32", 4},       {DType::f64, "float64", "f64", 8},
    {DType::i32, "int32", "i32", 4},         {DType::i64, "int64", "i64", 8},
    {DType::i16, "int16", "i16", 2},         {DType::i8, "int8", "i8", 1},
    {DType::u64, "uint64", "u64", 8},        {DType::u32, "uint32", "u32", 4},
    {DType::u16, "uint16", "u16", 2},        {DType::u8, "uint8", "u8", 1},
    {DType::boolean, "bool", "boolean", 1},  {DType::c64, "complex64", "c64", 8},
    {DType::c128, "complex128", "c128", 16}, {DType::string, "string", "str", 0},
};

constexpr bool in_order() {
  for (std::size_t x = 0; x < std::size(kRows); ++x)
    if (kRows[x].dtype != static_cast<DType>(x)) return false;
  return std::size(kRows) == static_cast<std::size_t>(DType::other);
}
static_assert(in_order());

}  // namespace

std::string_view name(DType dtype) {
  return dtype < DType::other ? kRows[static_cast<std::size_t>(dtype)].name : "unknown type";
}

DType dtype_named(std::string_view name) {
  for (const Row& row : kRows)
    if (row.name == name || row.short_name == name) return row.dtype;
  if (name == "half") return DType::f16;
  if (name == "float") return DType::f32;
  if (name == "double") return DType::f64;
  return DType::other;
}

std::size_t bytes(DType dtype) {
  return dtype < DType::other ? kRows[static_cast<std::size_t>(dtype)].bytes : 0;
}

}  // namespace tconv

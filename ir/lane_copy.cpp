// Between memory, which threads may share, and registers.
#include <cstring>

#include "ir/lane.h"
#include "ir/lane_ops.h"
#include "ir/op_math.h"

namespace tconv::ir {
namespace {

template <class Memory, class Reg, auto convert>
void copy(std::byte* dst, const std::byte* src, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    put_lane(dst, i, static_cast<Reg>(convert(get_lane<Memory>(src, i))));
}
template <class T>
void copy_same(std::byte* dst, const std::byte* src, std::size_t count) {
  std::memcpy(dst, src, count * sizeof(T));
}
template <class T>
constexpr std::int32_t widen(T v) {
  return v;
}

}  // namespace

LaneCopy lane_load(DType memory, DType reg) {
  if (!converts(memory, reg)) return nullptr;
  if (memory == reg) {
    const int size = bytes(reg);
    return size == 8 ? copy_same<double> : size == 4 ? copy_same<float> : copy_same<std::uint16_t>;
  }
  switch (memory) {
    case DType::f16:
      return copy<std::uint16_t, float, op_math::f16_to_f32>;
    case DType::bf16:
      return copy<std::uint16_t, float, op_math::bf16_to_f32>;
    case DType::s8:
      return copy<std::int8_t, std::int32_t, widen<std::int8_t>>;
    case DType::u8:
      return copy<std::uint8_t, std::int32_t, widen<std::uint8_t>>;
    default:
      return nullptr;
  }
}

LaneCopy lane_store(DType memory, DType reg) {
  if (memory == reg) return lane_load(memory, reg);
  if (!converts(memory, reg)) return nullptr;
  switch (memory) {
    case DType::f16:
      return copy<float, std::uint16_t, op_math::f32_to_f16>;
    case DType::bf16:
      return copy<float, std::uint16_t, op_math::f32_to_bf16>;
    default:
      return nullptr;
  }
}

}  // namespace tconv::ir

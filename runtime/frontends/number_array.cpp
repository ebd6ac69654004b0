#include "runtime/frontends/number_array.h"

#include <cstring>

#include "ir/op_math.h"

namespace tconv::frontends {
namespace {

// bfloat16 keeps denormals here: a cast is not a kernel's store.
std::uint16_t to_bf16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

}  // namespace

bool is_floating(DType dtype) {
  return dtype == DType::f16 || dtype == DType::bf16 || dtype == DType::f32 || dtype == DType::f64;
}

std::vector<double> to_numbers(const TensorView& view) {
  const OwnedTensor copy = view.is_dense() ? OwnedTensor() : OwnedTensor::copy(view);
  const void* data = view.is_dense() ? view.data() : copy.data();
  std::vector<double> out(static_cast<std::size_t>(view.elements()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    switch (view.dtype()) {
      case DType::f16:
        out[i] = ir::op_math::f16_to_f32(static_cast<const std::uint16_t*>(data)[i]);
        break;
      case DType::bf16:
        out[i] = ir::op_math::bf16_to_f32(static_cast<const std::uint16_t*>(data)[i]);
        break;
      case DType::f64:
        out[i] = static_cast<const double*>(data)[i];
        break;
      case DType::i32:
        out[i] = static_cast<const std::int32_t*>(data)[i];
        break;
      default:
        out[i] = static_cast<double>(static_cast<const float*>(data)[i]);
    }
  }
  return out;
}

OwnedTensor from_numbers(const std::vector<double>& numbers, DType dtype, const Dims& shape) {
  OwnedTensor out = OwnedTensor::uninitialized(dtype, shape);
  void* data = out.data();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto narrow = static_cast<float>(numbers[i]);
    switch (dtype) {
      case DType::f16:
        static_cast<std::uint16_t*>(data)[i] = ir::op_math::f32_to_f16(narrow);
        break;
      case DType::bf16:
        static_cast<std::uint16_t*>(data)[i] = to_bf16(narrow);
        break;
      case DType::f64:
        static_cast<double*>(data)[i] = numbers[i];
        break;
      case DType::i32:
        static_cast<std::int32_t*>(data)[i] = static_cast<std::int32_t>(numbers[i]);
        break;
      default:
        static_cast<float*>(data)[i] = narrow;
    }
  }
  return out;
}

OwnedTensor cast(const TensorView& view, DType dtype) {
  if (view.dtype() == dtype) return OwnedTensor::copy(view);
  return from_numbers(to_numbers(view), dtype, view.shape());
}

}  // namespace tconv::frontends

#include "runtime/frontends/element_values.h"

#include <cmath>
#include <cstring>

#include "ir/op_math.h"
#include "runtime/frontends/fail.h"

namespace tconv::frontends {
namespace {

namespace op_math = ir::op_math;

// Towards the odd neighbour, so that the second rounding sees on which side of a tie the value was.
float to_odd(double value) {
  const auto near = static_cast<float>(value);
  if (!std::isfinite(near) || near == value || (op_math::to_bits(near) & 1) != 0) return near;
  return std::nextafterf(near, near < value ? HUGE_VALF : -HUGE_VALF);
}

double read(DType dtype, const char* at) {
  std::uint16_t half = 0;
  float single = 0;
  double value = 0;
  switch (dtype) {
    case DType::f16:
      std::memcpy(&half, at, 2);
      return op_math::f16_to_f32(half);
    case DType::bf16:
      std::memcpy(&half, at, 2);
      return op_math::bf16_to_f32(half);
    case DType::f32:
      std::memcpy(&single, at, 4);
      return single;
    default:
      std::memcpy(&value, at, 8);
      return value;
  }
}

void write(DType dtype, char* at, double value) {
  std::uint16_t half = 0;
  float single = 0;
  std::int32_t integer = 0;
  switch (dtype) {
    case DType::f16:
      half = op_math::f32_to_f16(to_odd(value));
      std::memcpy(at, &half, 2);
      break;
    case DType::bf16:
      half = op_math::f32_to_bf16(to_odd(value));
      std::memcpy(at, &half, 2);
      break;
    case DType::f32:
      single = static_cast<float>(value);
      std::memcpy(at, &single, 4);
      break;
    case DType::i32:
      integer = static_cast<std::int32_t>(value);
      std::memcpy(at, &integer, 4);
      break;
    default:
      std::memcpy(at, &value, 8);
  }
}

}  // namespace

std::vector<double> floating_values(const TensorView& tensor, std::string_view argument) {
  if (!tensor.has_value()) type_error(std::string(argument), "a tensor is needed");
  if (!is_computed(tensor.dtype()) || tensor.dtype() == DType::i32)
    type_error(std::string(argument),
               "its type is {}; float16, bfloat16, float32, float64 are allowed",
               name(tensor.dtype()));
  const OwnedTensor dense = OwnedTensor::copy(tensor);
  const auto* data = static_cast<const char*>(dense.data());
  std::vector<double> out(static_cast<std::size_t>(dense.elements()));
  for (double& value : out) {
    value = read(dense.dtype(), data);
    data += bytes(dense.dtype());
  }
  return out;
}

OwnedTensor tensor_of(DType dtype, const Dims& shape, const std::vector<double>& values) {
  OwnedTensor out = OwnedTensor::uninitialized(dtype, shape);
  auto* data = static_cast<char*>(out.data());
  for (double value : values) {
    write(dtype, data, value);
    data += bytes(dtype);
  }
  return out;
}

double rounded(DType dtype, double value) {
  char bytes[8];
  write(dtype, bytes, value);
  return read(dtype, bytes);
}

}  // namespace tconv::frontends

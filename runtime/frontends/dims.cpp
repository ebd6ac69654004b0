#include <limits>

#include "runtime/frontends/fail.h"
#include "tconv/tensor.hpp"

namespace tconv {

Dims::Dims(std::span<const std::int64_t> values) {
  if (values.size() > kMost)
    frontends::invalid_argument("tensor", "{} axes are given; at most {} are allowed",
                                values.size(), kMost);
  std::copy(values.begin(), values.end(), values_.begin());
  size_ = values.size();
}

void Dims::push_back(std::int64_t value) {
  if (size_ == kMost) frontends::invalid_argument("tensor", "more than {} axes are given", kMost);
  values_[size_++] = value;
}

std::string text(std::span<const std::int64_t> dims) {
  std::string r = "[";
  for (std::size_t axis = 0; axis < dims.size(); ++axis)
    r += (axis > 0 ? ", " : "") + std::to_string(dims[axis]);
  return r + "]";
}

std::optional<std::int64_t> element_count(std::span<const std::int64_t> shape) {
  bool empty = false, too_many = false;
  std::int64_t product = 1;
  for (const std::int64_t size : shape) {
    if (size < 0) return std::nullopt;
    empty |= size == 0;
    if (size > 0) too_many |= __builtin_mul_overflow(product, size, &product);
  }
  if (empty) return 0;
  return too_many ? std::nullopt : std::optional(product);
}

Dims dense_strides(std::span<const std::int64_t> shape) {
  Dims strides{shape};
  std::int64_t stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    if (__builtin_mul_overflow(stride, std::max<std::int64_t>(shape[axis], 1), &stride))
      stride = std::numeric_limits<std::int64_t>::max();
  }
  return strides;
}

}  // namespace tconv

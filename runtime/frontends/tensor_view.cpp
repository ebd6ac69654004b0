// What a view checks when it is made: sizes, reach, pointer; of one that is written also that no
// element has two names.
#include <array>
#include <cstdlib>
#include <limits>

#include "runtime/frontends/fail.h"
#include "tconv/tensor.hpp"

namespace tconv {
namespace {

using frontends::invalid_argument;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

// |stride| * (size - 1), bounded so that sums of kMost axes stay in range.
std::int64_t reach(std::int64_t stride, std::int64_t size, const Dims& strides) {
  std::int64_t r = 0;
  if (stride == std::numeric_limits<std::int64_t>::min() ||
      __builtin_mul_overflow(stride < 0 ? -stride : stride, size - 1, &r) ||
      r > kMost / 16 / static_cast<std::int64_t>(Dims::kMost))
    invalid_argument("tensor", "strides {} reach further than memory does", text(strides));
  return r;
}

std::int64_t checked_elements(const Dims& shape) {
  for (const std::int64_t size : shape)
    if (size < 0) invalid_argument("tensor", "shape {} has a negative size", text(shape));
  const std::optional<std::int64_t> count = element_count(shape);
  // Sixteen bytes per element, the largest type, must fit as well.
  if (!count || *count > kMost / 16)
    invalid_argument("tensor", "shape {} has more elements than memory can hold", text(shape));
  return *count;
}

bool dense(const Dims& shape, const Dims& strides) {
  std::int64_t expected = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    if (shape[axis] > 1 && strides[axis] != expected) return false;
    expected *= shape[axis];
  }
  return true;
}

// Sorted by stride, each axis must step over everything that the smaller ones reach. Refuses some
// legal interleavings, which nobody has needed.
void check_distinct(const Dims& shape, const Dims& strides) {
  std::array<std::size_t, Dims::kMost> order{};
  for (std::size_t axis = 0; axis < shape.size(); ++axis) order[axis] = axis;
  const auto magnitude = [&](std::size_t axis) { return std::abs(strides[axis]); };
  std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(shape.size()),
            [&](std::size_t a, std::size_t b) { return magnitude(a) < magnitude(b); });
  std::int64_t reached = 0;
  for (std::size_t x = 0; x < shape.size(); ++x) {
    const std::size_t axis = order[x];
    if (shape[axis] == 1) continue;
    if (magnitude(axis) <= reached)
      invalid_argument("output",
                       "strides {} of shape {} name an element twice; a tensor that is "
                       "written needs one place per element",
                       text(strides), text(shape));
    reached += magnitude(axis) * (shape[axis] - 1);
  }
}

}  // namespace

TensorView::TensorView(const void* data, DType dtype, const Dims& shape)
    : data_(data),
      dtype_(dtype),
      present_(true),
      elements_(checked_elements(shape)),
      shape_(shape),
      strides_(dense_strides(shape)) {
  if (data == nullptr && elements_ > 0)
    invalid_argument("tensor", "the pointer is null; shape {} has {} elements", text(shape),
                     elements_);
}

TensorView::TensorView(const void* data, DType dtype, const Dims& shape, const Dims& strides)
    : TensorView(data, dtype, shape) {
  if (strides.size() != shape.size())
    invalid_argument("tensor", "{} strides are given for {} axes", strides.size(), shape.size());
  strides_ = strides;
  if (elements_ == 0) return;
  std::int64_t below = 0, above = 0;  // elements around data
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    (strides[axis] < 0 ? below : above) += reach(strides[axis], shape[axis], strides);
  const auto at = reinterpret_cast<std::uintptr_t>(data);
  const auto size = static_cast<std::uintptr_t>(std::max<std::size_t>(tconv::bytes(dtype), 1));
  const std::uintptr_t top = std::numeric_limits<std::uintptr_t>::max();
  if (static_cast<std::uintptr_t>(below) > at / size ||
      static_cast<std::uintptr_t>(above) >= (top - at) / size)
    invalid_argument("tensor", "strides {} of shape {} reach past the ends of memory",
                     text(strides), text(shape));
  dense_ = dense(shape, strides);
}

MutableTensorView::MutableTensorView(void* data, DType dtype, const Dims& shape)
    : data_(data), view_(data, dtype, shape) {}

MutableTensorView::MutableTensorView(void* data, DType dtype, const Dims& shape,
                                     const Dims& strides)
    : data_(data), view_(data, dtype, shape, strides) {
  if (view_.elements() > 0) check_distinct(shape, strides);
}

}  // namespace tconv

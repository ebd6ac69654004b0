#include "runtime/frontends/strided_copy.h"

#include <cstring>

namespace tconv::frontends {
namespace {

// Calls step(offset, index) for every row along the last axis, offset in elements of the view.
template <class Step>
void for_each_row(const TensorView& view, Step&& step) {
  const Dims& shape = view.shape();
  const std::size_t outer = shape.size() - 1;
  std::int64_t rows = 1;
  for (std::size_t axis = 0; axis < outer; ++axis) rows *= shape[axis];
  Dims index{shape};
  for (std::size_t axis = 0; axis < outer; ++axis) index[axis] = 0;
  std::int64_t offset = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    step(offset, row * shape[outer]);
    for (std::size_t axis = outer; axis-- > 0;) {
      offset += view.strides()[axis];
      if (++index[axis] < shape[axis]) break;
      offset -= view.strides()[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

// One row of `count` elements of N bytes, with memcpy since no view need be aligned.
template <std::size_t N>
void copy_row(const char* from, std::int64_t from_step, char* to, std::int64_t to_step,
              std::int64_t count) {
  for (std::int64_t x = 0; x < count; ++x)
    std::memcpy(to + x * to_step * static_cast<std::int64_t>(N),
                from + x * from_step * static_cast<std::int64_t>(N), N);
}

using CopyRow = void (*)(const char*, std::int64_t, char*, std::int64_t, std::int64_t);

CopyRow row_copier(std::size_t size) {
  switch (size) {
    case 1:
      return copy_row<1>;
    case 2:
      return copy_row<2>;
    case 4:
      return copy_row<4>;
    case 8:
      return copy_row<8>;
    default:
      return copy_row<16>;
  }
}

}  // namespace

void copy_to_dense(const TensorView& view, void* dense) {
  const std::size_t size = bytes(view.dtype());
  if (view.elements() == 0 || size == 0) return;
  if (view.is_dense()) {
    std::memcpy(dense, view.data(), static_cast<std::size_t>(view.elements()) * size);
    return;
  }
  const auto* from = static_cast<const char*>(view.data());
  auto* to = static_cast<char*>(dense);
  const auto step = static_cast<std::int64_t>(size);
  const CopyRow copy = row_copier(size);
  for_each_row(view, [&](std::int64_t offset, std::int64_t index) {
    copy(from + offset * step, view.strides().back(), to + index * step, 1, view.shape().back());
  });
}

void copy_from_dense(const void* dense, const MutableTensorView& target) {
  const TensorView& view = target.view();
  const std::size_t size = bytes(view.dtype());
  if (view.elements() == 0 || size == 0) return;
  if (view.is_dense()) {
    std::memcpy(target.data(), dense, static_cast<std::size_t>(view.elements()) * size);
    return;
  }
  const auto* from = static_cast<const char*>(dense);
  auto* to = static_cast<char*>(target.data());
  const auto step = static_cast<std::int64_t>(size);
  const CopyRow copy = row_copier(size);
  for_each_row(view, [&](std::int64_t offset, std::int64_t index) {
    copy(from + index * step, 1, to + offset * step, view.strides().back(), view.shape().back());
  });
}

}  // namespace tconv::frontends

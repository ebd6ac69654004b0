#include <cstdlib>
#include <cstring>
#include <new>

#include "runtime/error.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/strided_copy.h"

namespace tconv {
namespace {

constexpr std::size_t kAlignment = 64;

void check_type(DType dtype) {
  if (!is_computed(dtype) && dtype != DType::i64)
    frontends::type_error("tensor",
                          "the type {} is not supported; there are float16, bfloat16, "
                          "float32, float64, int32 and int64",
                          name(dtype));
}

}  // namespace

void OwnedTensor::Free::operator()(void* memory) const { std::free(memory); }

OwnedTensor OwnedTensor::uninitialized(DType dtype, const Dims& shape) {
  return runtime::guarded([&] {
    check_type(dtype);
    if (!element_count(shape))
      frontends::invalid_argument("tensor", "shape {} has a negative size or too many elements",
                                  text(shape));
    // The view checks that the bytes can be counted; it gets its pointer when there is one.
    static const char nothing = 0;
    const auto size = static_cast<std::size_t>(TensorView(&nothing, dtype, shape).elements()) *
                      tconv::bytes(dtype);
    OwnedTensor r;
    // One line at least, so that data() of an empty tensor is not null either.
    const std::size_t rounded = (size + kAlignment) / kAlignment * kAlignment;
    r.memory_.reset(std::aligned_alloc(kAlignment, rounded));
    if (!r.memory_) throw std::bad_alloc();
    r.view_ = TensorView(r.memory_.get(), dtype, shape);
    return r;
  });
}

OwnedTensor::OwnedTensor(DType dtype, const Dims& shape)
    : OwnedTensor(uninitialized(dtype, shape)) {
  std::memset(memory_.get(), 0, bytes());
}

OwnedTensor OwnedTensor::copy(const TensorView& view) {
  if (!view.has_value()) frontends::type_error("tensor", "there is no tensor to copy");
  OwnedTensor r = uninitialized(view.dtype(), view.shape());
  frontends::copy_to_dense(view, r.data());
  return r;
}

std::size_t OwnedTensor::bytes() const {
  return static_cast<std::size_t>(elements()) * tconv::bytes(dtype());
}

MutableTensorView OwnedTensor::mutable_view() {
  return has_value() ? MutableTensorView(memory_.get(), dtype(), shape()) : MutableTensorView();
}

const void* OwnedTensor::as_type(DType wanted) const {
  if (dtype() != wanted)
    frontends::type_error("tensor", "the elements are {}, not {}", name(dtype()), name(wanted));
  return data();
}

}  // namespace tconv

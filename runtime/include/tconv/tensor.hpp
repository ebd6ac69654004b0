// Tensors of the front doors (tf.hpp, onnx.hpp, torch.hpp, keras.hpp): a view of anybody's memory
// and an owner. Shapes and strides count elements, outermost axis first. Nothing here is a batch or
// a channel: which axis is which is said by the function that takes the tensor. (tconv::Tensor of
// tconv.hpp is something else: pointer and bytes of one run.)
//
// Every error is tconv::FrontError (call.hpp) and names the argument `tensor`, or the argument that
// the tensor was given for. Views are plain values; owners may be read from many threads at once.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "tconv/export.h"

namespace tconv {

// The first five are computed; a view may hold the others, so that who gets one can refuse it by
// name, or read sizes out of it (i32, i64).
enum class DType : std::uint8_t {
  f16,
  bf16,
  f32,
  f64,
  i32,
  i64,
  i16,
  i8,
  u64,
  u32,
  u16,
  u8,
  boolean,
  c64,
  c128,
  string,
  other
};

TCONV_API std::string_view name(DType dtype);  // "float32", "bfloat16", "int32", ... as NumPy's
// By that name, or tconv's own ("f32"); DType::other for a name that nobody knows.
TCONV_API DType dtype_named(std::string_view name);
TCONV_API std::size_t bytes(DType dtype);  // of one element; 0 for string and other
constexpr bool is_computed(DType dtype) { return dtype <= DType::i32; }

// Sizes or strides of up to 8 axes, without an allocation.
class TCONV_API Dims {
 public:
  static constexpr std::size_t kMost = 8;

  Dims() = default;
  Dims(std::initializer_list<std::int64_t> values)
      : Dims(std::span(values.begin(), values.size())) {}
  Dims(std::span<const std::int64_t> values);  // NOLINT: implicit. Throws for more than 8

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::int64_t operator[](std::size_t axis) const { return values_[axis]; }
  std::int64_t& operator[](std::size_t axis) { return values_[axis]; }
  const std::int64_t* begin() const { return values_.data(); }
  const std::int64_t* end() const { return values_.data() + size_; }
  std::int64_t front() const { return values_[0]; }
  std::int64_t back() const { return values_[size_ - 1]; }
  void push_back(std::int64_t value);  // throws when there are 8
  std::span<const std::int64_t> span() const { return {begin(), size_}; }
  friend bool operator==(const Dims& a, const Dims& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  std::array<std::int64_t, kMost> values_{};
  std::size_t size_ = 0;
};

TCONV_API std::string text(std::span<const std::int64_t> dims);  // "[2, 3, 4]"

// The product; nothing where it is not below 2^63 or a size is negative. 0 as soon as a size is 0.
TCONV_API std::optional<std::int64_t> element_count(std::span<const std::int64_t> shape);

// Row-major strides of a dense tensor; sizes of 0 count as 1.
TCONV_API Dims dense_strides(std::span<const std::int64_t> shape);

// Memory of somebody else, who keeps it alive. The constructors check: sizes are not negative, the
// bytes that shape and strides reach fit into an address, and the pointer is not null unless there
// is nothing to point at. Strides may be anything, negative and zero included; `data` points at the
// element whose indices are all 0. A view that is not dense is read by a copy.
class TCONV_API TensorView {
 public:
  TensorView() = default;  // no tensor: has_value() is false
  TensorView(const void* data, DType dtype, const Dims& shape);
  TensorView(const void* data, DType dtype, const Dims& shape, const Dims& strides);
  template <class T>
  requires(std::is_same_v<T, float> || std::is_same_v<T, double> ||
           std::is_same_v<T, std::int32_t> || std::is_same_v<T, std::int64_t>)
      TensorView(const T* data, const Dims& shape)
      : TensorView(data, dtype_of<T>(), shape) {}

  bool has_value() const { return present_; }
  const void* data() const { return data_; }
  DType dtype() const { return dtype_; }
  const Dims& shape() const { return shape_; }
  const Dims& strides() const { return strides_; }
  std::size_t rank() const { return shape_.size(); }
  std::int64_t elements() const { return elements_; }
  bool is_dense() const { return dense_; }  // row-major without gaps; always where empty

  template <class T>
  static constexpr DType dtype_of() {
    if constexpr (std::is_same_v<T, float>)
      return DType::f32;
    else if constexpr (std::is_same_v<T, double>)
      return DType::f64;
    else if constexpr (std::is_same_v<T, std::int32_t>)
      return DType::i32;
    else
      return DType::i64;
  }

 private:
  const void* data_ = nullptr;
  DType dtype_ = DType::other;
  bool present_ = false, dense_ = true;
  std::int64_t elements_ = 0;
  Dims shape_, strides_;
};

// The same, to be written. Two indices must not name one element: a zero stride along an axis of
// more than one element, and strides whose axes overlap, are refused.
class TCONV_API MutableTensorView {
 public:
  MutableTensorView() = default;
  MutableTensorView(void* data, DType dtype, const Dims& shape);
  MutableTensorView(void* data, DType dtype, const Dims& shape, const Dims& strides);
  template <class T>
  requires(!std::is_const_v<T> && !std::is_void_v<T>) MutableTensorView(T* data, const Dims& shape)
      : MutableTensorView(data, TensorView::dtype_of<T>(), shape) {}

  bool has_value() const { return view_.has_value(); }
  void* data() const { return data_; }
  const TensorView& view() const { return view_; }
  operator const TensorView&() const { return view_; }  // NOLINT: implicit

 private:
  void* data_ = nullptr;
  TensorView view_;
};

// Dense memory of its own, 64-byte aligned. Of f16, bf16, f32, f64, i32 and i64; other types are
// refused by name (TypeError), as are shapes whose bytes do not fit (InvalidArgument). What memory
// does not suffice for is tconv::Error with Status::out_of_memory. Can be moved; copy() copies.
class TCONV_API OwnedTensor {
 public:
  OwnedTensor() = default;
  OwnedTensor(DType dtype, const Dims& shape);  // zeros
  static OwnedTensor uninitialized(DType dtype, const Dims& shape);
  static OwnedTensor copy(const TensorView& view);  // dense, whatever the view's strides

  bool has_value() const { return view_.has_value(); }
  DType dtype() const { return view_.dtype(); }
  const Dims& shape() const { return view_.shape(); }
  std::int64_t elements() const { return view_.elements(); }
  std::size_t bytes() const;
  const void* data() const { return view_.data(); }
  void* data() { return memory_.get(); }
  template <class T>
  std::span<const T> as() const {
    return {static_cast<const T*>(as_type(TensorView::dtype_of<T>())),
            static_cast<std::size_t>(elements())};
  }
  template <class T>
  std::span<T> as() {
    return {static_cast<T*>(const_cast<void*>(as_type(TensorView::dtype_of<T>()))),
            static_cast<std::size_t>(elements())};
  }

  TensorView view() const { return view_; }
  MutableTensorView mutable_view();
  operator TensorView() const { return view_; }  // NOLINT: implicit

 private:
  const void* as_type(DType wanted) const;  // throws where the tensor is of another
  struct Free {
    void operator()(void* memory) const;
  };
  std::unique_ptr<void, Free> memory_;
  TensorView view_;
};

}  // namespace tconv

// TensorFlow's transposed convolutions: tf.nn.conv{1,2,3}d_transpose, tf.nn.conv_transpose and
// tf.compat.v1.nn.conv{2,3}d_transpose, with TensorFlow's arguments, order, defaults and errors.
//
//   using namespace tconv;
//   OwnedTensor y = tf::nn::conv2d_transpose(x, w, {1, 32, 32, 64}, 2);         // x [1, 16, 16,
//   128] tf::nn::conv2d_transpose_to(y.mutable_view(), x, packed_w, {2, 2}, "VALID");
//
// Shapes: `input` [batch, spatial.., channels] or, with a data_format that begins with NC,
// [batch, channels, spatial..]; `filters` always [spatial.., out/groups, in]; `output_shape` is
// the result's shape in data_format order, batch and channels included (2-D: also height and width
// alone). Groups are implied: output channels / filters.shape[-2].
//
// The result has the input's type: float16, bfloat16, float32, float64 and, but for 3-D, int32.
// Sums of the narrow types are rounded once. Dilations, channels-first and groups, which
// TensorFlow's own CPU kernels lack, are computed. docs/frontends.md has the rules and where we are
// stricter.
//
// Errors are FrontError (call.hpp); nothing has been written then. All functions are thread-safe.
// The first call with new shapes compiles, later ones find the operation (docs/architecture.md,
// "Kernel cache"). Functions of this header that end in _to write into the caller's tensor, of any
// strides, and take its shape as output_shape; they allocate no tensor.
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "tconv/packed_filters.hpp"
#include "tconv/tconv.hpp"
#include "tconv/tensor.hpp"

namespace tconv::tf {

// None, an int, or a list of ints. Lists longer than any function takes are counted, not kept.
class TCONV_API Ints {
 public:
  Ints() = default;                                                          // None
  Ints(int value) : Ints(std::int64_t{value}) {}                             // NOLINT: all implicit
  Ints(std::int64_t value) : Ints(std::span(&value, 1)) { scalar_ = true; }  // NOLINT
  Ints(std::initializer_list<std::int64_t> values)                           // NOLINT
      : Ints(std::span(values.begin(), values.size())) {}
  Ints(const std::vector<std::int64_t>& values) : Ints(std::span(values)) {}  // NOLINT
  Ints(const Dims& values) : Ints(values.span()) {}                           // NOLINT
  Ints(std::span<const std::int64_t> values);                                 // NOLINT

  bool is_none() const { return none_; }
  bool is_scalar() const { return scalar_; }
  std::size_t size() const { return size_; }      // as given
  const Dims& values() const { return values_; }  // the first Dims::kMost of them
  std::string text() const;

 private:
  Dims values_;
  std::size_t size_ = 0;
  bool none_ = true, scalar_ = false;
};

// "SAME", "VALID" or, for conv2d_transpose, [before, after] of all four axes in data_format order.
class TCONV_API Padding {
 public:
  using Pair = std::array<std::int64_t, 2>;
  Padding(const char* word) : word_(word) {}       // NOLINT: all implicit. Must outlive the call
  Padding(std::string_view word) : word_(word) {}  // NOLINT
  Padding(std::initializer_list<Pair> pairs) : Padding(std::span(pairs.begin(), pairs.size())) {}
  Padding(std::span<const Pair> pairs);  // NOLINT

  bool is_pairs() const { return is_pairs_; }
  std::string_view word() const { return word_; }
  std::size_t size() const { return size_; }  // pairs as given
  const std::array<Pair, 4>& pairs() const { return pairs_; }

 private:
  std::string_view word_;
  bool is_pairs_ = false;
  std::size_t size_ = 0;
  std::array<Pair, 4> pairs_{};
};

// A filter as it is, or one that is packed once and kept (packed_filters.hpp).
class TCONV_API Filters {
 public:
  Filters() = default;                                          // None
  Filters(const TensorView& view) : view_(view) {}              // NOLINT: all implicit
  Filters(const OwnedTensor& tensor) : view_(tensor.view()) {}  // NOLINT
  Filters(const PackedFilters& packed) : view_(packed.view()), packed_(&packed) {}  // NOLINT

  const TensorView& view() const { return view_; }
  const PackedFilters* packed() const { return packed_; }

 private:
  TensorView view_;
  const PackedFilters* packed_ = nullptr;
};

namespace nn {

// `strides` and `dilations`: one number, one per spatial axis, or one per axis in data_format order
// (those of batch and channels must be 1); None is all ones. An empty data_format is None: the
// default. `name` is not used.
TCONV_API OwnedTensor conv1d_transpose(const TensorView& input, const Filters& filters,
                                       const Ints& output_shape, const Ints& strides,
                                       const Padding& padding = "SAME",
                                       std::string_view data_format = "NWC",
                                       const Ints& dilations = {}, std::string_view name = {},
                                       const Options& options = {});
TCONV_API OwnedTensor conv2d_transpose(const TensorView& input, const Filters& filters,
                                       const Ints& output_shape, const Ints& strides,
                                       const Padding& padding = "SAME",
                                       std::string_view data_format = "NHWC",
                                       const Ints& dilations = {}, std::string_view name = {},
                                       const Options& options = {});
TCONV_API OwnedTensor conv3d_transpose(const TensorView& input, const Filters& filters,
                                       const Ints& output_shape, const Ints& strides,
                                       const Padding& padding = "SAME",
                                       std::string_view data_format = "NDHWC",
                                       const Ints& dilations = {}, std::string_view name = {},
                                       const Options& options = {});
// One of the three, by the length of output_shape: 3, 4 or 5.
TCONV_API OwnedTensor conv_transpose(const TensorView& input, const Filters& filters,
                                     const Ints& output_shape, const Ints& strides,
                                     const Padding& padding = "SAME",
                                     std::string_view data_format = {}, const Ints& dilations = {},
                                     std::string_view name = {}, const Options& options = {});

TCONV_API void conv1d_transpose_to(const MutableTensorView& output, const TensorView& input,
                                   const Filters& filters, const Ints& strides,
                                   const Padding& padding = "SAME",
                                   std::string_view data_format = "NWC", const Ints& dilations = {},
                                   const Options& options = {});
TCONV_API void conv2d_transpose_to(const MutableTensorView& output, const TensorView& input,
                                   const Filters& filters, const Ints& strides,
                                   const Padding& padding = "SAME",
                                   std::string_view data_format = "NHWC",
                                   const Ints& dilations = {}, const Options& options = {});
TCONV_API void conv3d_transpose_to(const MutableTensorView& output, const TensorView& input,
                                   const Filters& filters, const Ints& strides,
                                   const Padding& padding = "SAME",
                                   std::string_view data_format = "NDHWC",
                                   const Ints& dilations = {}, const Options& options = {});

}  // namespace nn

namespace compat::v1::nn {

// `input` is another name of `value`, `filters` of `filter`: at most one of each pair is given. The
// order is that of version 1, `name` before the other names and dilations.
TCONV_API OwnedTensor conv2d_transpose(const TensorView& value, const Filters& filter = {},
                                       const Ints& output_shape = {}, const Ints& strides = {},
                                       const Padding& padding = "SAME",
                                       std::string_view data_format = "NHWC",
                                       std::string_view name = {}, const TensorView& input = {},
                                       const Filters& filters = {}, const Ints& dilations = {},
                                       const Options& options = {});
TCONV_API OwnedTensor conv3d_transpose(const TensorView& value, const Filters& filter = {},
                                       const Ints& output_shape = {}, const Ints& strides = {},
                                       const Padding& padding = "SAME",
                                       std::string_view data_format = "NDHWC",
                                       std::string_view name = {}, const TensorView& input = {},
                                       const Filters& filters = {}, const Ints& dilations = {},
                                       const Options& options = {});

}  // namespace compat::v1::nn
}  // namespace tconv::tf

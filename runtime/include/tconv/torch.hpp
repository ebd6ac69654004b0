// PyTorch's conv_transpose1d, 2d and 3d, and the modules nn.ConvTranspose1d, 2d and 3d. Input
// [N, C, D1..Dn] or, without a batch, [C, D1..Dn]; weight [C, out/groups, k1..kn]; bias [out]; the
// result has the input's axes:
//
//   O = (I-1)*stride - 2*padding + dilation*(k-1) + output_padding + 1
//
// Types: float16, bfloat16, float32, float64 and int64, one for all tensors. int64 (whose sums wrap
// around) is added up by a plain loop: it has no kernels.
//
// Everything throws FrontError (call.hpp) with the name of the argument at fault, before an element
// is read. Functions may be called from many threads at once, modules as well while none changes
// their tensors.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "tconv/call.hpp"
#include "tconv/packed_filters.hpp"
#include "tconv/tconv.hpp"
#include "tconv/tensor.hpp"

namespace tconv::torch {

// One number for every axis, or one for each.
class TCONV_API Sizes {
 public:
  Sizes(std::int64_t every) : values_{every} {}                        // NOLINT: implicit
  Sizes(int every) : values_{every} {}                                 // NOLINT
  Sizes(std::initializer_list<std::int64_t> each) : values_(each) {}   // NOLINT
  Sizes(std::vector<std::int64_t> each) : values_(std::move(each)) {}  // NOLINT
  const std::vector<std::int64_t>& values() const { return values_; }

 private:
  std::vector<std::int64_t> values_;
};

struct Parameters {
  Sizes stride = 1, padding = 0, output_padding = 0;
  std::int64_t groups = 1;
  Sizes dilation = 1;
};

// torch.nn.functional.conv_transposeNd. An empty bias is none. A batch of 0 is allowed, an axis of
// 0 is not, nor are zero channels. The operation comes out of the kernel cache.
TCONV_API OwnedTensor conv_transpose1d(const TensorView& input, const TensorView& weight,
                                       const TensorView& bias = {},
                                       const Parameters& parameters = {},
                                       const Options& options = {});
TCONV_API OwnedTensor conv_transpose2d(const TensorView& input, const TensorView& weight,
                                       const TensorView& bias = {},
                                       const Parameters& parameters = {},
                                       const Options& options = {});
TCONV_API OwnedTensor conv_transpose3d(const TensorView& input, const TensorView& weight,
                                       const TensorView& bias = {},
                                       const Parameters& parameters = {},
                                       const Options& options = {});

// With the weight packed once (packed_filters.hpp): later calls with these shapes cost the kernel.
TCONV_API OwnedTensor conv_transpose1d(const TensorView& input, const PackedFilters& weight,
                                       const TensorView& bias = {},
                                       const Parameters& parameters = {},
                                       const Options& options = {});
TCONV_API OwnedTensor conv_transpose2d(const TensorView& input, const PackedFilters& weight,
                                       const TensorView& bias = {},
                                       const Parameters& parameters = {},
                                       const Options& options = {});
TCONV_API OwnedTensor conv_transpose3d(const TensorView& input, const PackedFilters& weight,
                                       const TensorView& bias = {},
                                       const Parameters& parameters = {},
                                       const Options& options = {});

// The problem line (docs/problem.md) of the same call, for the types that have kernels. Only types
// and shapes are looked at. `axes` is 1, 2 or 3.
TCONV_API std::string problem_line(int axes, const TensorView& input, const TensorView& weight,
                                   const TensorView& bias = {}, const Parameters& parameters = {});

// What the modules are made with, in the order of their constructors.
struct ModuleOptions {
  std::int64_t in_channels = 0, out_channels = 0;
  Sizes kernel_size = 1;
  Sizes stride = 1, padding = 0, output_padding = 0;
  std::int64_t groups = 1;
  bool bias = true;
  Sizes dilation = 1;
  std::string padding_mode = "zeros";  // nothing else is allowed
  DType dtype = DType::f32;
};

// nn.ConvTranspose1d, 2d or 3d. Weight and bias are zeros until they are set: PyTorch's random
// start is not made here.
class TCONV_API ConvTranspose {
 public:
  ConvTranspose(int axes, const ModuleOptions& options);  // checks as the constructor of PyTorch

  const ModuleOptions& options() const { return options_; }
  // [in_channels, out_channels/groups, k..]. It is packed by the first call with new shapes.
  TensorView weight() const { return weight_.view(); }
  TensorView bias() const { return bias_; }  // [out_channels], or no value
  // Copies. The shape and the type must be those of the module.
  void set_weight(const TensorView& weight);
  void set_bias(const TensorView& bias);

  // `output_size`, if not empty, stands in for output_padding: n numbers, or as many as the input
  // has axes, of which the last n count; each from the length without output_padding up to
  // stride - 1 more.
  OwnedTensor forward(const TensorView& input, const std::vector<std::int64_t>& output_size = {},
                      const Options& options = {}) const;

 private:
  int axes_;
  ModuleOptions options_;
  PackedFilters weight_;
  OwnedTensor bias_;
};

}  // namespace tconv::torch

// What every front door ends in: a problem line on views. The door has checked its library's rules;
// here the line is written, the operation comes out of the kernel cache, the filter is packed and
// the layer runs.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "tconv/call.hpp"
#include "tconv/packed_filters.hpp"

namespace tconv::frontends {

struct Layer {
  DType dtype = DType::f32;
  int rank = 2;  // spatial axes, 1..3; of the arrays below the first `rank` numbers count
  bool channels_first = false;
  bool torch_filter = false;  // [ic, oc/g, k..] instead of [k.., oc/g, ic]
  std::int64_t n = 1, ic = 1, oc = 1, g = 1;
  std::array<std::int64_t, 3> i{}, o{}, k{1, 1, 1}, s{1, 1, 1}, d{1, 1, 1};
  std::array<std::int64_t, 3> p{};  // positions cropped before
  std::string_view post;            // post-ops, as docs/problem.md writes them

  Dims output_shape() const;
};

// Shapes and types are the layer's. `packed` takes the filter's place where it is not null.
struct LayerTensors {
  TensorView input{}, filter{};
  const PackedFilters* packed = nullptr;
  TensorView bias{};                       // no value: none. f32 or the layer's type
  std::span<const TensorView> operands{};  // of the post-ops
};

// Throws FrontError or Error; `blamed` is the argument that sizes are blamed on which no problem
// line may have (products beyond 2^59).
void run_layer(const Layer& layer, const LayerTensors& tensors, const MutableTensorView& output,
               const Options& options, std::string_view blamed);
// Into a new tensor.
OwnedTensor run_layer(const Layer& layer, const LayerTensors& tensors, const Options& options,
                      std::string_view blamed);

// The operation of a layer, for those who want to know what a call compiles.
std::string problem_line(const Layer& layer, DType bias);  // DType::other: no bias

}  // namespace tconv::frontends

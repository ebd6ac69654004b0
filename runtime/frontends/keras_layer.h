// The insides of keras::ConvTransposeLayer.
#pragma once

#include <optional>

#include "runtime/frontends/keras_arguments.h"
#include "runtime/frontends/layer.h"
#include "tconv/packed_filters.hpp"

namespace tconv::frontends {

class KerasLayer {
 public:
  KerasLayer(int rank, const keras::LayerArguments& given) : arguments_(rank, given) {}

  const KerasArguments& arguments() const { return arguments_; }
  bool built() const { return kernel_.has_value(); }
  void build(const keras::Shape& input_shape);
  const std::optional<keras::Shape>& build_shape() const { return build_shape_; }

  // The checks of a call, and the channels that the layer is built for, or would be.
  void check_input(const TensorView& input) const;
  OwnedTensor run(const TensorView& input, const Options& options) const;
  void run(const TensorView& input, const MutableTensorView& output, const Options& options) const;
  std::string problem_line(const TensorView& input) const;
  keras::Shape output_shape(const keras::Shape& input) const;

  Dims kernel_shape(std::int64_t channels) const;
  TensorView kernel() const;
  TensorView bias() const { return bias_.view(); }
  void set_weights(std::span<const TensorView> weights);
  // Weights from elsewhere; a layer that is not built yet becomes built for their channels.
  void take_weights(std::span<const TensorView> weights);
  void apply_constraints();
  Value config() const;
  Value serialized() const;

  void note_activity(const OwnedTensor& output);
  std::vector<double> losses() const;

 private:
  std::size_t channel_axis(std::size_t rank) const;
  void check_call() const;
  Layer layer(const TensorView& input) const;
  LayerTensors tensors(const TensorView& input) const;
  void keep(OwnedTensor kernel, OwnedTensor bias);
  std::int64_t output_length(std::size_t axis, std::int64_t input) const;

  KerasArguments arguments_;
  std::optional<keras::Shape> build_shape_;
  std::optional<OwnedTensor> kernel_;
  OwnedTensor bias_;
  std::optional<PackedFilters> packed_;  // of the compute type
  OwnedTensor compute_bias_;             // under a mixed policy
  std::optional<double> activity_loss_;
};

}  // namespace tconv::frontends

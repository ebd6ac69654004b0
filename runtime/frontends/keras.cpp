#include "tconv/keras.hpp"

#include "runtime/error.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/keras_config.h"
#include "runtime/frontends/keras_layer.h"

namespace tconv::keras {

using frontends::KerasLayer;

ConvTransposeLayer::ConvTransposeLayer(int rank, const LayerArguments& arguments)
    : insides_(runtime::guarded([&] { return std::make_unique<KerasLayer>(rank, arguments); })) {}

ConvTransposeLayer::ConvTransposeLayer(int rank, const Value::Dict& arguments)
    : insides_(runtime::guarded([&] {
        return std::make_unique<KerasLayer>(rank, frontends::layer_arguments(rank, arguments));
      })) {}

ConvTransposeLayer::ConvTransposeLayer(ConvTransposeLayer&&) noexcept = default;
ConvTransposeLayer& ConvTransposeLayer::operator=(ConvTransposeLayer&&) noexcept = default;
ConvTransposeLayer::~ConvTransposeLayer() = default;

int ConvTransposeLayer::rank() const { return insides_->arguments().rank; }
const std::string& ConvTransposeLayer::name() const { return insides_->arguments().name; }
bool ConvTransposeLayer::trainable() const { return insides_->arguments().trainable; }
bool ConvTransposeLayer::use_bias() const { return insides_->arguments().use_bias; }
DType ConvTransposeLayer::compute_dtype() const { return insides_->arguments().compute; }
DType ConvTransposeLayer::variable_dtype() const { return insides_->arguments().variable; }

void ConvTransposeLayer::build(const Shape& input_shape) {
  runtime::guarded([&] { insides_->build(input_shape); });
}
bool ConvTransposeLayer::built() const { return insides_->built(); }

OwnedTensor ConvTransposeLayer::operator()(const TensorView& input, const Options& options) {
  return runtime::guarded([&] {
    insides_->check_input(input);
    if (!built()) insides_->build(Shape(input.shape().begin(), input.shape().end()));
    OwnedTensor output = insides_->run(input, options);
    insides_->note_activity(output);
    return output;
  });
}

OwnedTensor ConvTransposeLayer::call(const TensorView& input, const Options& options) const {
  return runtime::guarded([&] {
    if (!built()) frontends::value_error("layer", "{} is not built: call build first", name());
    return insides_->run(input, options);
  });
}

void ConvTransposeLayer::call(const TensorView& input, const MutableTensorView& output,
                              const Options& options) const {
  runtime::guarded([&] {
    if (!built()) frontends::value_error("layer", "{} is not built: call build first", name());
    insides_->run(input, output, options);
  });
}

std::string ConvTransposeLayer::problem_line(const TensorView& input) const {
  return runtime::guarded([&] {
    if (!built()) frontends::value_error("layer", "{} is not built: call build first", name());
    return insides_->problem_line(input);
  });
}

Shape ConvTransposeLayer::compute_output_shape(const Shape& input_shape) const {
  return runtime::guarded([&] { return insides_->output_shape(input_shape); });
}

std::vector<double> ConvTransposeLayer::losses() const {
  return runtime::guarded([&] { return insides_->losses(); });
}
void ConvTransposeLayer::apply_constraints() {
  runtime::guarded([&] { insides_->apply_constraints(); });
}

TensorView ConvTransposeLayer::kernel() const { return insides_->kernel(); }
TensorView ConvTransposeLayer::bias() const { return insides_->bias(); }

void ConvTransposeLayer::set_weights(std::span<const TensorView> weights) {
  runtime::guarded([&] { insides_->set_weights(weights); });
}

std::vector<OwnedTensor> ConvTransposeLayer::get_weights() const {
  return runtime::guarded([&] {
    std::vector<OwnedTensor> out;
    for (const TensorView& weight : {kernel(), bias()})
      if (weight.has_value()) out.push_back(OwnedTensor::copy(weight));
    return out;
  });
}

Value ConvTransposeLayer::get_config() const { return insides_->config(); }
Value ConvTransposeLayer::serialize() const { return insides_->serialized(); }

ConvTransposeLayer deserialize(const Value& config) {
  return runtime::guarded([&] {
    const auto identifier = frontends::identify(config, "keras.layers", "config");
    int rank = 0;
    for (int n = 1; n <= 3; ++n)
      if (identifier.class_name == "Conv" + std::to_string(n) + "DTranspose") rank = n;
    if (rank == 0)
      frontends::value_error(
          "config", "Conv1DTranspose, Conv2DTranspose or Conv3DTranspose is needed, got {}",
          identifier.class_name);
    ConvTransposeLayer layer(rank, identifier.config);
    const auto build = config.dict() == nullptr ? Value::Dict::const_iterator()
                                                : config.dict()->find("build_config");
    if (config.dict() == nullptr || build == config.dict()->end() ||
        build->second.dict() == nullptr)
      return layer;
    const auto shape = build->second.dict()->find("input_shape");
    if (shape == build->second.dict()->end() || shape->second.list() == nullptr) return layer;
    Shape input;
    for (const Value& size : *shape->second.list()) {
      if (!size.is_null() && size.integer() == nullptr)
        frontends::type_error("config", "build_config has the size {}", size.text());
      input.push_back(size.is_null() ? std::nullopt : std::optional(*size.integer()));
    }
    layer.build(input);
    return layer;
  });
}

}  // namespace tconv::keras

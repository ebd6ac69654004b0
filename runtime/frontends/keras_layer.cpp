#include "runtime/frontends/keras_layer.h"

#include "runtime/frontends/fail.h"
#include "runtime/frontends/keras_activation.h"
#include "runtime/frontends/number_array.h"

namespace tconv::frontends {
namespace {

std::string text_of(const keras::Shape& shape) {
  std::string words;
  for (const auto& size : shape)
    words += fmt::format("{}{}", words.empty() ? "" : ", ", size ? std::to_string(*size) : "None");
  return "(" + words + ")";
}

// What an object of the layer's arguments refuses is the fault of that argument.
template <class Body>
auto blame(const char* argument, const Body& body) {
  try {
    return body();
  } catch (const FrontError& e) {
    throw FrontError(e.kind(), argument, e.what());
  }
}

Value shape_value(const keras::Shape& shape) {
  Value::List list;
  for (const auto& size : shape) list.push_back(size ? Value(*size) : Value());
  return list;
}

}  // namespace

std::size_t KerasLayer::channel_axis(std::size_t rank) const {
  return arguments_.channels_first ? 1 : rank - 1;
}

Dims KerasLayer::kernel_shape(std::int64_t channels) const {
  const KerasArguments& a = arguments_;
  if (a.kernel_size.has_float)
    value_error("kernel_size", "Cannot convert '{}' to a shape: a dimension is a float",
                a.kernel_size.given.text());
  if (a.filters.is_null())
    value_error("filters",
                "Shapes used to initialize variables must be fully-defined (no `None` "
                "dimensions): filters is null");
  if (a.filters.number() != nullptr)
    value_error("filters", "Cannot convert {} to a dimension of a shape: it is a float",
                a.filters.text());
  Dims shape;
  for (std::size_t axis = 0; axis < static_cast<std::size_t>(a.rank); ++axis)
    shape.push_back(a.kernel_size[axis]);
  shape.push_back(a.filters.boolean() != nullptr ? 1 : *a.filters.integer());
  shape.push_back(channels);
  return shape;
}

void KerasLayer::build(const keras::Shape& input_shape) {
  if (built()) return;
  const KerasArguments& a = arguments_;
  if (input_shape.size() != static_cast<std::size_t>(a.rank) + 2)
    value_error("input_shape", "{} axes are needed, got {}", a.rank + 2, text_of(input_shape));
  for (const auto& size : input_shape)
    if (size && *size < 0)
      value_error("input_shape", "a size is negative: {}", text_of(input_shape));
  const auto channels = input_shape[channel_axis(input_shape.size())];
  if (!channels)
    value_error("input_shape",
                "Shapes used to initialize variables must be fully-defined (no `None` "
                "dimensions): the input's channels are not known: {}",
                text_of(input_shape));
  const Dims shape = kernel_shape(*channels);
  // None as an initializer: add_weight's default, for the bias as well.
  const auto made = [&](const keras::Initializer& initializer, const Dims& of,
                        const char* argument) {
    return blame(argument, [&] {
      return initializer.has_value() ? initializer(of, a.variable)
                                     : keras::initializers::make("GlorotUniform")(of, a.variable);
    });
  };
  OwnedTensor kernel = made(a.kernel_initializer, shape, "kernel_initializer");
  const Dims bias_shape{shape[static_cast<std::size_t>(a.rank)]};
  OwnedTensor bias =
      a.use_bias ? made(a.bias_initializer, bias_shape, "bias_initializer") : OwnedTensor();
  if (kernel.shape() != shape || kernel.dtype() != a.variable)
    value_error("kernel_initializer", "it made a {}{}, {}{} is needed", tconv::name(kernel.dtype()),
                text(kernel.shape()), tconv::name(a.variable), text(shape));
  if (a.use_bias && (bias.shape() != bias_shape || bias.dtype() != a.variable))
    value_error("bias_initializer", "it made a {}{}, {}{} is needed", tconv::name(bias.dtype()),
                text(bias.shape()), tconv::name(a.variable), text(bias_shape));
  keep(std::move(kernel), std::move(bias));
  build_shape_ = input_shape;
}

// Nothing of the layer changes before all that can fail has been done.
void KerasLayer::keep(OwnedTensor kernel, OwnedTensor bias) {
  const bool mixed = arguments_.compute != arguments_.variable;
  PackedFilters packed(mixed ? cast(kernel.view(), arguments_.compute).view() : kernel.view());
  OwnedTensor compute_bias =
      mixed && bias.has_value() ? cast(bias.view(), arguments_.compute) : OwnedTensor();
  packed_ = std::move(packed);
  compute_bias_ = std::move(compute_bias);
  kernel_ = std::move(kernel);
  bias_ = std::move(bias);
}

TensorView KerasLayer::kernel() const { return kernel_ ? kernel_->view() : TensorView(); }

void KerasLayer::set_weights(std::span<const TensorView> weights) {
  if (!built()) value_error("weights", "the layer is not built: it has no weights yet");
  take_weights(weights);
}

void KerasLayer::take_weights(std::span<const TensorView> weights) {
  const KerasArguments& a = arguments_;
  const std::size_t count = a.use_bias ? 2 : 1;
  if (weights.size() != count)
    value_error("weights", "{} are needed ({}), got {}", count,
                count == 2 ? "kernel, bias" : "kernel", weights.size());
  const auto taken = [&](const TensorView& given, const Dims& wanted, const char* which) {
    if (!given.has_value() || !is_floating(given.dtype()))
      type_error("weights", "the {} must be of a floating type, got {}", which,
                 given.has_value() ? tconv::name(given.dtype()) : "none");
    if (given.shape() != wanted)
      value_error("weights", "the {} has shape {}, {} is needed", which, text(given.shape()),
                  text(wanted));
    return cast(given, a.variable);
  };
  const Dims& given = weights[0].shape();
  const std::int64_t channels = given.empty() ? 0 : given.back();
  const Dims shape = built() ? kernel_->shape() : kernel_shape(channels);
  OwnedTensor kernel = taken(weights[0], shape, "kernel");
  OwnedTensor bias =
      count == 2 ? taken(weights[1], {shape[static_cast<std::size_t>(a.rank)]}, "bias")
                 : OwnedTensor();
  keras::Shape build_shape = build_shape_.value_or(keras::Shape(shape.size()));
  if (!built()) build_shape[channel_axis(shape.size())] = channels;
  keep(std::move(kernel), std::move(bias));
  build_shape_ = std::move(build_shape);
}

void KerasLayer::apply_constraints() {
  if (!built()) return;
  const KerasArguments& a = arguments_;
  if (!a.kernel_constraint.has_value() && !a.bias_constraint.has_value()) return;
  const auto projected = [](const keras::Constraint& constraint, const OwnedTensor& now,
                            const char* argument) {
    OwnedTensor next = blame(argument, [&] {
      return constraint.has_value() ? constraint(now.view()) : OwnedTensor::copy(now.view());
    });
    if (next.shape() != now.shape() || next.dtype() != now.dtype())
      value_error(argument, "it made a {}{} of a {}{}", tconv::name(next.dtype()),
                  text(next.shape()), tconv::name(now.dtype()), text(now.shape()));
    return next;
  };
  OwnedTensor kernel = projected(a.kernel_constraint, *kernel_, "kernel_constraint");
  OwnedTensor bias =
      bias_.has_value() ? projected(a.bias_constraint, bias_, "bias_constraint") : OwnedTensor();
  keep(std::move(kernel), std::move(bias));
}

void KerasLayer::note_activity(const OwnedTensor& output) {
  activity_loss_.reset();
  if (!arguments_.activity_regularizer.has_value()) return;
  const auto batch = static_cast<double>(output.shape().front());
  activity_loss_ = blame("activity_regularizer",
                         [&] { return arguments_.activity_regularizer(output.view()) / batch; });
}

std::vector<double> KerasLayer::losses() const {
  std::vector<double> out;
  if (activity_loss_) out.push_back(*activity_loss_);
  if (!built() || !arguments_.trainable) return out;
  if (arguments_.kernel_regularizer.has_value())
    out.push_back(blame("kernel_regularizer",
                        [&] { return arguments_.kernel_regularizer(kernel_->view()); }));
  if (arguments_.bias_regularizer.has_value() && bias_.has_value())
    out.push_back(
        blame("bias_regularizer", [&] { return arguments_.bias_regularizer(bias_.view()); }));
  return out;
}

Value KerasLayer::config() const {
  const KerasArguments& a = arguments_;
  return Value::Dict{{"name", a.name},
                     {"trainable", a.trainable},
                     {"dtype", Value::Dict{{"module", "keras"},
                                           {"class_name", "DTypePolicy"},
                                           {"config", Value::Dict{{"name", a.policy}}},
                                           {"registered_name", nullptr}}},
                     {"filters", a.filters},
                     {"kernel_size", a.kernel_size.given},
                     {"strides", a.strides.given},
                     {"padding", a.padding},
                     {"output_padding", a.output_padding ? a.output_padding->given : Value()},
                     {"data_format", a.channels_first ? "channels_first" : "channels_last"},
                     {"dilation_rate", a.dilation_rate.given},
                     {"activation", a.activation.serialize()},
                     {"use_bias", a.use_bias},
                     {"kernel_initializer", a.kernel_initializer.serialize()},
                     {"bias_initializer", a.bias_initializer.serialize()},
                     {"kernel_regularizer", a.kernel_regularizer.serialize()},
                     {"bias_regularizer", a.bias_regularizer.serialize()},
                     {"activity_regularizer", a.activity_regularizer.serialize()},
                     {"kernel_constraint", a.kernel_constraint.serialize()},
                     {"bias_constraint", a.bias_constraint.serialize()}};
}

Value KerasLayer::serialized() const {
  Value::Dict out{{"module", "keras.layers"},
                  {"class_name", fmt::format("Conv{}DTranspose", arguments_.rank)},
                  {"config", config()},
                  {"registered_name", nullptr}};
  if (build_shape_) out["build_config"] = Value::Dict{{"input_shape", shape_value(*build_shape_)}};
  return out;
}

}  // namespace tconv::frontends

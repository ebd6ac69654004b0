#include "tools/conformance/families.h"

#include "tools/conformance/keras_layers.h"
#include "tools/conformance/keras_objects.h"
#include "tools/conformance/onnx_torch.h"

namespace tconv::tools::conformance {
namespace {

Value plain(const Json& json) { return argument(json, "", DType::f32); }

Value::Dict tf_arguments(const Literal& literal) {
  const Json& c = literal.json;
  return {{"input", literal.input},
          {"filters", literal.filter},
          {"output_shape", plain(c.at("output_shape_arg"))},
          {"strides", plain(c.at("strides"))},
          {"padding", plain(c.at("padding"))},
          {"data_format", plain(c.at("data_format"))},
          {"dilations", plain(c.at("dilations"))}};
}

Value::Dict tf_v1_arguments(const Literal& literal) {
  Value::Dict r = tf_arguments(literal);
  for (const auto& [now, then] : {std::pair("input", "value"), {"filters", "filter"}}) {
    auto node = r.extract(now);
    node.key() = then;
    r.insert(std::move(node));
  }
  return r;
}

const Family kFamilies[] = {
    {"tf.nn.", {"input", "filters", "output_shape", "strides"}, {"input", "filters"}, tf_arguments},
    {"tf.compat.v1.nn.",
     {"value", "filter", "output_shape"},
     {"value", "filter", "input", "filters"},
     tf_v1_arguments},
    {"onnx.", {"X", "W"}, {"X", "W", "B"}, onnx_arguments},
    {"torch.nn.functional.", {"input", "weight"}, {"input", "weight", "bias"}, torch_arguments},
    {"torch.nn.", {"input"}, {"input"}, torch_module_arguments, complete_torch_module},
    {"keras.layers.", {"filters", "kernel_size"}, {}, keras_layer_arguments, complete_keras_layer},
    {"keras.activations.", {}, {}, nullptr, complete_keras_activation},
    {"keras.initializers.", {}, {}, nullptr, complete_keras_object, examine_sample},
    {"keras.regularizers.", {}, {}, nullptr, complete_keras_object},
    {"keras.constraints.", {}, {}, nullptr, complete_keras_object},
};

}  // namespace

const Family* family_of(std::string_view api) {
  for (const Family& family : kFamilies)
    if (api.starts_with(family.prefix)) return &family;
  return nullptr;
}

}  // namespace tconv::tools::conformance

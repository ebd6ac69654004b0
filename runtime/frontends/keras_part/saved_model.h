// config.json of a .keras file: which transposed convolutions a model has, what each needs, and
// where its weights are.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/frontends/keras_part/interface.h"

namespace tconv::frontends {

struct ModelLayer {
  FileLayer layer;  // its path is the one that Keras gives it, unless a class of its own holds it
  std::string config;  // JSON
  LayerNeeds needs;
  std::string fault;  // why `needs` cannot be said
};

// In the order of the model. Throws FileReject.
std::vector<ModelLayer> model_layers(std::string_view config_json);

// config.json of a model with nothing but this built layer, and where its weights go.
struct OneLayerModel {
  std::string config, path;
};
OneLayerModel model_of(const std::string& layer_config);

// "Conv2DTranspose" -> "conv2d_transpose", as Keras does.
std::string snake_case(std::string_view class_name);

}  // namespace tconv::frontends

#include "runtime/frontends/keras_part/saved_model.h"

#include <map>
#include <nlohmann/json.hpp>

#include "runtime/frontends/keras_part/reject.h"

namespace tconv::frontends {
namespace {

using Json = nlohmann::json;
constexpr int kDeepest = 64;

const Json* entry(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

std::string text_entry(const Json& object, const char* key) {
  const Json* found = entry(object, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

// 1 to 3, or 0 for another class.
int rank_of(const std::string& class_name) {
  for (int rank = 1; rank <= 3; ++rank)
    if (class_name == "Conv" + std::to_string(rank) + "DTranspose") return rank;
  return 0;
}

// Of an int or a list of ints.
std::int64_t size_at(const Json& config, const char* key, std::size_t axis) {
  const Json* value = entry(config, key);
  if (value != nullptr && value->is_array() && axis < value->size()) value = &(*value)[axis];
  if (value == nullptr || !value->is_number_integer() || value->get<std::int64_t>() < 0)
    throw FileReject(std::string(key) + " is " +
                     (value == nullptr ? std::string("not there") : value->dump().substr(0, 60)));
  return value->get<std::int64_t>();
}

LayerNeeds needs_of(const Json& layer, const std::string& name, int rank) {
  const Json* config = entry(layer, "config");
  LayerNeeds needs;
  needs.name = name;
  for (int axis = 0; axis < rank; ++axis)
    needs.kernel.push_back(size_at(*config, "kernel_size", static_cast<std::size_t>(axis)));
  needs.kernel.push_back(size_at(*config, "filters", 0));
  const Json* bias = entry(*config, "use_bias");
  needs.bias = bias == nullptr || !bias->is_boolean() || bias->get<bool>();
  needs.kernel.push_back(-1);
  const Json* build = entry(layer, "build_config");
  const Json* input = build == nullptr ? nullptr : entry(*build, "input_shape");
  const bool first = text_entry(*config, "data_format") == "channels_first";
  if (input != nullptr && input->is_array() && input->size() == needs.kernel.size())
    needs.kernel.back() = size_at(*build, "input_shape", first ? 1 : input->size() - 1);
  return needs;
}

class Model {
 public:
  void layers_of(const Json& config, const std::string& path, int depth) {
    const Json* layers = entry(config, "layers");
    if (layers == nullptr || !layers->is_array()) return;
    std::map<std::string, int> used;  // Keras counts the layers of a class
    for (const Json& layer : *layers) {
      const std::string name = snake_case(text_entry(layer, "class_name"));
      const int before = used[name]++;
      visit(layer, path + "layers/" + name + (before > 0 ? "_" + std::to_string(before) : ""),
            depth);
    }
  }
  std::vector<ModelLayer> found;

 private:
  void visit(const Json& layer, const std::string& path, int depth) {
    if (depth > kDeepest) throw FileReject("its models are nested deeper than 64 levels");
    const Json* config = entry(layer, "config");
    if (config == nullptr || !config->is_object()) return;
    const std::string class_name = text_entry(layer, "class_name");
    if (const int rank = rank_of(class_name)) {
      ModelLayer out;
      out.layer = {text_entry(*config, "name"), class_name, path};
      out.config = layer.dump(-1, ' ', true);
      try {
        out.needs = needs_of(layer, out.layer.name, rank);
      } catch (const FileReject& e) {
        out.fault = e.what();
      }
      found.push_back(std::move(out));
      return;
    }
    layers_of(*config, path + "/", depth + 1);
    if (const Json* inner = entry(*config, "layer")) visit(*inner, path + "/layer", depth + 1);
  }
};

Json parsed(std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& e) {
    throw FileReject("config.json is damaged: " + std::string(e.what()));
  }
}

}  // namespace

std::string snake_case(std::string_view class_name) {
  const auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto lower = [](char c) { return c >= 'a' && c <= 'z'; };
  std::string words;
  for (const char c : class_name)
    if (upper(c) || lower(c) || (c >= '0' && c <= '9') || c == '_' ||
        static_cast<unsigned char>(c) >= 0x80)
      words += c;
  // First before every capital that a small letter follows, then between small and capital.
  std::string split;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool head = i > 0 && i + 1 < words.size() && upper(words[i]) && lower(words[i + 1]);
    if (head || (i > 0 && lower(words[i - 1]) && upper(words[i]))) split += '_';
    split += words[i];
  }
  for (char& c : split)
    if (upper(c)) c = static_cast<char>(c - 'A' + 'a');
  return split;
}

std::vector<ModelLayer> model_layers(std::string_view config_json) {
  const Json root = parsed(config_json);
  const Json* config = entry(root, "config");
  if (config == nullptr || !config->is_object())
    throw FileReject("config.json has no model: an object with a 'config' is needed");
  Model model;
  model.layers_of(*config, "", 0);
  return std::move(model.found);
}

OneLayerModel model_of(const std::string& layer_config) {
  const Json layer = parsed(layer_config);
  const Json &dtype = layer.at("config").at("dtype"),
             &shape = layer.at("build_config").at("input_shape");
  const std::string policy =
      (dtype.is_string() ? dtype : dtype.at("config").at("name")).get<std::string>();
  const Json input = {{"module", "keras.layers"},
                      {"class_name", "InputLayer"},
                      {"config",
                       {{"batch_shape", shape},
                        {"dtype", policy.rfind("mixed_", 0) == 0 ? "float32" : policy},
                        {"sparse", false},
                        {"name", "input_layer"}}},
                      {"registered_name", nullptr}};
  const Json model = {{"module", "keras"},
                      {"class_name", "Sequential"},
                      {"config",
                       {{"name", "sequential"},
                        {"trainable", true},
                        {"dtype", dtype},
                        {"layers", Json::array({input, layer})},
                        {"build_input_shape", shape}}},
                      {"registered_name", nullptr},
                      {"build_config", {{"input_shape", shape}}}};
  return {model.dump(-1, ' ', true),
          "layers/" + snake_case(layer.at("class_name").get<std::string>())};
}

}  // namespace tconv::frontends

#include "runtime/frontends/keras_part/layer_arrays.h"

#include <algorithm>
#include <map>

#include "runtime/frontends/keras_part/reject.h"

namespace tconv::frontends {
namespace {

constexpr std::size_t kMostListed = 40;

struct PathParts {
  std::string group, last;
};
PathParts parts_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// Keras 2: up/up/kernel:0, in a whole model below model_weights.
std::string layer_of_keras2(const std::string& group) {
  constexpr std::string_view kModel = "model_weights/";
  const std::size_t start = group.rfind(kModel, 0) == 0 ? kModel.size() : 0;
  return group.substr(start, group.find('/', start) - start);
}

// Position among a layer's variables, or none.
std::optional<std::size_t> position(const std::string& name) {
  if (name == "0" || name == "kernel:0" || name == "kernel") return 0;
  if (name == "1" || name == "bias:0" || name == "bias") return 1;
  return std::nullopt;
}

std::string needed(const LayerNeeds& needs, std::size_t which) {
  const std::vector<std::int64_t> bias = {needs.kernel[needs.kernel.size() - 2]};
  return "layer " + quoted(needs.name) + " needs " + (which == 0 ? "a kernel " : "a bias ") +
         shape_text(which == 0 ? needs.kernel : bias);
}

bool fits(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& wanted) {
  return std::equal(shape.begin(), shape.end(), wanted.begin(), wanted.end(),
                    [](std::int64_t a, std::int64_t b) { return b == -1 || a == b; });
}

}  // namespace

std::string listed(const std::vector<FileLayer>& layers) {
  std::string out;
  for (std::size_t i = 0; i < layers.size() && i < kMostListed; ++i)
    out += (i > 0 ? ", " : "") + (layers[i].name.empty()
                                      ? quoted(layers[i].path)
                                      : quoted(layers[i].name) + " (" + layers[i].path + ")");
  if (layers.size() > kMostListed)
    out += " and " + std::to_string(layers.size() - kMostListed) + " more";
  return out.empty() ? "none" : out;
}

std::vector<H5Variables> h5_variables(const H5Index& index) {
  std::map<std::string, std::vector<H5Dataset>> of_group;
  for (const H5Dataset& dataset : index.datasets)
    of_group[parts_of(dataset.path).group].push_back(dataset);
  const auto rank = [](const H5Dataset& dataset) {
    return position(parts_of(dataset.path).last).value_or(9);
  };
  std::vector<H5Variables> out;
  for (const H5Group& group : index.groups) {
    std::vector<H5Dataset>& datasets = of_group[group.path];
    std::stable_sort(datasets.begin(), datasets.end(),
                     [&](const H5Dataset& a, const H5Dataset& b) { return rank(a) < rank(b); });
    if (datasets.empty() || rank(datasets.front()) != 0) continue;
    const PathParts parts = parts_of(group.path);
    const bool keras3 = parts.last == "vars";
    out.push_back({keras3 ? parts.group : group.path,
                   keras3 ? group.name : layer_of_keras2(group.path), std::move(datasets)});
  }
  return out;
}

const H5Variables& chosen(const std::vector<H5Variables>& all, const std::string& wanted,
                          const std::string& own) {
  const std::string& name = wanted.empty() ? own : wanted;
  const H5Variables* found = nullptr;
  std::size_t count = 0;
  std::vector<FileLayer> layers;
  for (const H5Variables& each : all) {
    if (!wanted.empty() && each.path == wanted) return each;
    layers.push_back({each.name, {}, each.path});
    if (each.name != name || name.empty()) continue;
    found = &each;
    ++count;
  }
  if (count == 1) return *found;
  if (count == 0 && wanted.empty() && all.size() == 1) return all.front();
  throw FileReject((count == 0 ? "no layer of it is called " + quoted(name)
                               : std::to_string(count) + " layers of it are called " +
                                     quoted(name) + ", a path is needed") +
                       "; layers with weights: " + listed(layers),
                   "layer");
}

void check_fit(const std::vector<H5Dataset>& datasets, const LayerNeeds& needs,
               const std::string& kind) {
  const std::vector<std::int64_t> bias = {needs.kernel[needs.kernel.size() - 2]};
  for (std::size_t i = 0; i < datasets.size() && i < 2; ++i) {
    const H5Dataset& dataset = datasets[i];
    const std::string what = kind + " " + quoted(dataset.path);
    if (i == 1 && !needs.bias)
      throw FileReject("it has a bias, " + what + "; layer " + quoted(needs.name) +
                       " has none (use_bias false)");
    const bool is_float =
        dataset.type.find("float") != std::string::npos && element_bytes(dataset.type) != 0;
    if (!dataset.readable || !is_float)
      throw FileReject(what + " is of type " + dataset.type + "; " + needed(needs, i) +
                       " of a floating type");
    if (!fits(dataset.shape, i == 0 ? needs.kernel : bias))
      throw FileReject(what + " has shape " + shape_text(dataset.shape) + "; " + needed(needs, i));
  }
  if (datasets.size() < (needs.bias ? 2U : 1U))
    throw FileReject("beside " + kind + " " + quoted(datasets.front().path) + " is no other; " +
                     needed(needs, 1) + " as well");
  if (datasets.size() > 2)
    throw FileReject("beside " + kind + " " + quoted(datasets.front().path) + " are " +
                     std::to_string(datasets.size() - 1) + " others; layer " + quoted(needs.name) +
                     " has " + (needs.bias ? "kernel and bias" : "a kernel"));
}

std::vector<std::size_t> npz_choice(const std::vector<FileTensor>& tensors,
                                    const std::string& wanted, const LayerNeeds& needs) {
  const auto at = [&](const std::string& name) -> std::optional<std::size_t> {
    for (std::size_t i = 0; i < tensors.size(); ++i)
      if (tensors[i].name == name) return i;
    return std::nullopt;
  };
  std::vector<std::string> before;
  for (const char* const joint : {"/", "_", "."})
    if (!wanted.empty()) before.push_back(wanted + joint);
  if (wanted.empty()) before = {""};
  std::vector<std::pair<std::string, std::string>> names;
  for (const std::string& prefix : before) names.emplace_back(prefix + "kernel", prefix + "bias");
  if (wanted.empty()) names.emplace_back("arr_0", "arr_1");
  for (const auto& [kernel, bias] : names) {
    const auto first = at(kernel), second = at(bias);
    if (!first) continue;
    return second ? std::vector{*first, *second} : std::vector{*first};
  }
  std::vector<FileLayer> there;
  for (const FileTensor& tensor : tensors) there.push_back({{}, {}, tensor.name});
  throw FileReject("layer " + quoted(needs.name) + " needs arrays " + quoted(names.front().first) +
                       " and " + quoted(names.front().second) +
                       (wanted.empty() ? ", or 'arr_0' and 'arr_1'" : "") +
                       "; its arrays: " + listed(there),
                   "layer");
}

}  // namespace tconv::frontends

// What the part is asked, by task.
#include "jit/part.h"
#include "runtime/frontends/keras_part/h5.h"
#include "runtime/frontends/keras_part/layer_arrays.h"
#include "runtime/frontends/keras_part/npy.h"
#include "runtime/frontends/keras_part/reject.h"
#include "runtime/frontends/keras_part/saved_model.h"
#include "runtime/frontends/keras_part/whole_file.h"
#include "runtime/frontends/keras_part/zip.h"

namespace tconv::frontends {
namespace {

constexpr const char *kConfig = "config.json", *kWeights = "model.weights.h5";

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() &&
         std::string_view(text).substr(text.size() - end.size()) == end;
}

// A .keras file, unpacked.
struct Saved {
  std::vector<ZipMember> members;
  std::vector<ModelLayer> layers;
};

bool is_model(const std::vector<ZipMember>& members) {
  return find_member(members, kConfig) != nullptr;
}

Saved saved_model(std::vector<ZipMember> members) {
  Saved out{std::move(members), {}};
  out.layers = model_layers(unpacked(*find_member(out.members, kConfig)));
  return out;
}

std::string model_weights(const Saved& saved) {
  const ZipMember* const weights = find_member(saved.members, kWeights);
  if (weights == nullptr)
    throw FileReject("it has no member " + quoted(kWeights) +
                     ", where Keras keeps a model's weights");
  require_h5();
  return unpacked(*weights);
}

std::vector<FileLayer> layers_of(const Saved& saved) {
  std::vector<FileLayer> out;
  for (const ModelLayer& each : saved.layers) out.push_back(each.layer);
  return out;
}

const ModelLayer& layer_of(const Saved& saved, const std::string& wanted) {
  const ModelLayer* found = nullptr;
  std::size_t count = 0;
  for (const ModelLayer& each : saved.layers) {
    if (!wanted.empty() && each.layer.path == wanted) return each;
    if (!wanted.empty() && each.layer.name != wanted) continue;
    found = &each;
    ++count;
  }
  if (count == 1) return *found;
  const std::string there = "; its transposed convolutions: " + listed(layers_of(saved));
  if (saved.layers.empty())
    throw FileReject("its model has no Conv1DTranspose, Conv2DTranspose or Conv3DTranspose",
                     "layer");
  if (wanted.empty()) throw FileReject("one of its layers must be named" + there, "layer");
  throw FileReject((count == 0 ? "no layer is called " + quoted(wanted)
                               : std::to_string(count) + " layers are called " + quoted(wanted) +
                                     ", a path is needed") +
                       there,
                   "layer");
}

// By the path that Keras gives it (before 2.14 another word stood there), unless the file says that
// it is somebody else's; else by name.
const H5Variables& variables_of(const std::vector<H5Variables>& all, const FileLayer& layer) {
  std::string older = layer.path;
  if (older.rfind("layers", 0) == 0) older.replace(0, 6, "_layer_checkpoint_dependencies");
  for (const H5Variables& each : all)
    if ((each.path == layer.path || each.path == older) &&
        (each.name.empty() || each.name == layer.name))
      return each;
  if (layer.name.empty()) return chosen(all, layer.path, {});
  return chosen(all, layer.name, {});
}

std::vector<H5Dataset> fitting(const std::vector<H5Dataset>& datasets, const LayerNeeds& needs) {
  check_fit(datasets, needs, "dataset");
  return datasets;
}

// The datasets of a layer in an HDF5 file; `model` where a .keras file says what it is.
std::vector<H5Dataset> datasets_of(std::string_view file, const FileRequest& request,
                                   const ModelLayer* model, const LayerNeeds& needs) {
  const std::vector<H5Variables> all = h5_variables(h5_index(file));
  const H5Variables& variables = model != nullptr ? variables_of(all, model->layer)
                                                  : chosen(all, request.layer, request.needs.name);
  return fitting(variables.datasets, needs);
}

const ModelLayer& model_layer(const Saved& saved, const FileRequest& request) {
  if (!request.layer.empty() || saved.layers.size() == 1) return layer_of(saved, request.layer);
  return layer_of(saved, request.needs.name);
}

FileReply read_layer(const FileRequest& request) {
  const std::string file = read_file(request.file);
  if (!is_zip(file))
    throw FileReject(
        "it is no .keras file; only these have a layer's arguments beside its weights");
  std::vector<ZipMember> members = zip_members(file);
  if (!is_model(members))
    throw FileReject("it is no .keras file: it has no member " + quoted(kConfig));
  const Saved saved = saved_model(std::move(members));
  const ModelLayer& layer = layer_of(saved, request.layer);
  if (!layer.fault.empty())
    throw FileReject(std::string(kConfig) + ": layer " + quoted(layer.layer.name) + ": its " +
                     layer.fault);
  const std::string weights = model_weights(saved);
  FileReply out;
  out.config = layer.config;
  out.tensors = h5_read(weights, datasets_of(weights, request, &layer, layer.needs));
  return out;
}

// Arrays of NumPy as if they were datasets, for the same checks.
std::vector<H5Dataset> described(const std::vector<FileTensor>& tensors,
                                 const std::vector<std::size_t>& which) {
  std::vector<H5Dataset> out;
  for (const std::size_t i : which)
    out.push_back({tensors[i].name, tensors[i].type, tensors[i].shape, true});
  return out;
}

FileReply read_weights(const FileRequest& request) {
  const std::string file = read_file(request.file);
  FileReply out;
  if (is_h5(file)) {
    require_h5();
    out.tensors = h5_read(file, datasets_of(file, request, nullptr, request.needs));
  } else if (is_npy(file)) {
    out.tensors = {npy_tensor(file)};
    out.tensors[0].name = "kernel";
    check_fit(described(out.tensors, {0}), request.needs, "array");
  } else if (is_zip(file)) {
    std::vector<ZipMember> members = zip_members(file);
    if (is_model(members)) {
      const Saved saved = saved_model(std::move(members));
      const ModelLayer& layer = model_layer(saved, request);
      const std::string weights = model_weights(saved);
      out.tensors = h5_read(weights, datasets_of(weights, request, &layer, request.needs));
    } else {
      std::vector<FileTensor> tensors = npz_tensors(file);
      const auto which = npz_choice(tensors, request.layer, request.needs);
      check_fit(described(tensors, which), request.needs, "array");
      for (const std::size_t i : which) out.tensors.push_back(std::move(tensors[i]));
    }
  } else {
    throw FileReject("it is no NPY, NPZ, HDF5 or .keras file, or damaged in its first bytes");
  }
  return out;
}

void write_layer(const FileRequest& request) {
  std::vector<FileTensor> tensors = request.tensors;
  const bool keras = ends_with(request.file, ".keras");
  if (ends_with(request.file, ".npy")) {
    if (tensors.size() != 1)
      throw FileReject("an NPY file is one array; layer " + quoted(request.needs.name) +
                       " has kernel and bias (.npz takes both)");
    write_file(request.file, npy_file(tensors[0]));
  } else if (ends_with(request.file, ".npz")) {
    write_file(request.file, npz_file(tensors));
  } else if (keras || ends_with(request.file, ".weights.h5")) {
    require_h5();
    const OneLayerModel model = model_of(request.config);
    for (std::size_t i = 0; i < tensors.size(); ++i)
      tensors[i].name = model.path + "/vars/" + std::to_string(i);
    const std::string h5 =
        h5_file(tensors, {{model.path + "/vars", request.needs.name}, {"vars", "sequential"}});
    const std::string metadata = R"({"keras_version": "3.15.1", "date_saved": ""})";
    write_file(request.file,
               keras ? zip_archive({stored("metadata.json", metadata),
                                    stored(kConfig, model.config), stored(kWeights, h5)})
                     : h5);
  } else {
    throw FileReject("its name must end in .npy, .npz, .weights.h5 or .keras");
  }
}

// The request's tensors under the names of the datasets that they replace.
std::vector<FileTensor> replacing(const std::vector<H5Dataset>& datasets,
                                  const FileRequest& request) {
  std::vector<FileTensor> out = request.tensors;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (datasets[i].type != out[i].type)
      throw FileReject(quoted(datasets[i].path) + " is of type " + datasets[i].type + ", the " +
                       out[i].name + " of layer " + quoted(request.needs.name) + " of " +
                       out[i].type);
    out[i].name = datasets[i].path;
  }
  return out;
}

void update_weights(const FileRequest& request) {
  const std::string file = read_file(request.file);
  if (is_h5(file)) {
    require_h5();
    const auto datasets = datasets_of(file, request, nullptr, request.needs);
    write_file(request.file, h5_overwritten(file, replacing(datasets, request)));
    return;
  }
  if (!is_zip(file))
    throw FileReject("weights are replaced in .weights.h5, .keras and .npz files; it is none");
  std::vector<ZipMember> members = zip_members(file);
  if (is_model(members)) {
    Saved saved = saved_model(std::move(members));
    const ModelLayer& layer = model_layer(saved, request);
    const std::string weights = model_weights(saved);
    const auto datasets = datasets_of(weights, request, &layer, request.needs);
    const std::string changed = h5_overwritten(weights, replacing(datasets, request));
    for (ZipMember& member : saved.members)
      if (member.name == kWeights) member = stored(kWeights, changed);
    write_file(request.file, zip_archive(saved.members));
    return;
  }
  std::vector<FileTensor> tensors = npz_tensors(file);
  const auto which = npz_choice(tensors, request.layer, request.needs);
  check_fit(described(tensors, which), request.needs, "array");
  std::vector<FileTensor> replaced = replacing(described(tensors, which), request);
  for (std::size_t i = 0; i < which.size(); ++i) tensors[which[i]] = std::move(replaced[i]);
  write_file(request.file, npz_file(tensors));
}

std::vector<FileLayer> list_layers(const FileRequest& request) {
  const std::string file = read_file(request.file);
  if (is_h5(file)) {
    std::vector<FileLayer> out;
    for (const H5Variables& each : h5_variables(h5_index(file)))
      out.push_back({each.name, {}, each.path});
    return out;
  }
  if (is_zip(file)) {
    std::vector<ZipMember> members = zip_members(file);
    if (is_model(members)) return layers_of(saved_model(std::move(members)));
  }
  throw FileReject("it has no layers: .keras and .weights.h5 files have");
}

FileReply read_arrays(const FileRequest& request) {
  const std::string file = read_file(request.file);
  FileReply out;
  if (is_npy(file))
    out.tensors = {npy_tensor(file)};
  else if (is_zip(file))
    out.tensors = npz_tensors(file);
  else
    throw FileReject("it is no NPY or NPZ file, or damaged in its first bytes");
  return out;
}

FileReply done(const FileRequest& request) {
  using Task = FileRequest::Task;
  FileReply out;
  switch (request.task) {
    case Task::read_arrays:
      return read_arrays(request);
    case Task::read_layer:
      return read_layer(request);
    case Task::read_weights:
      return read_weights(request);
    case Task::list_layers:
      out.layers = list_layers(request);
      return out;
    case Task::write_arrays:
      write_file(request.file, ends_with(request.file, ".npy") ? npy_file(request.tensors.at(0))
                                                               : npz_file(request.tensors));
      return out;
    case Task::write_layer:
      write_layer(request);
      return out;
    case Task::update_weights:
      update_weights(request);
      return out;
  }
  return out;
}

FileReply answer(const FileRequest& request) {
  FileReply out;
  try {
    return done(request);
  } catch (const FileReject& e) {
    out.argument = e.argument();
    out.error = request.file + ": " + e.what();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& e) {  // of the JSON reader and the file system
    out.argument = "file";
    out.error = request.file + ": " + e.what();
  }
  return out;
}

constexpr KerasPartFunction kFunction = answer;

}  // namespace
}  // namespace tconv::frontends

extern "C" [[gnu::visibility("default")]] const tconv::jit::PartEntry tconv_part;
const tconv::jit::PartEntry tconv_part{TCONV_VERSION, &tconv::frontends::kFunction};

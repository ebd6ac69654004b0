// Layers in files: asks the part libtconv_keras.so.
#include "tconv/keras_files.hpp"

#include <cstring>

#include "jit/part.h"
#include "runtime/error.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/keras_layer.h"
#include "runtime/frontends/keras_part/interface.h"

namespace tconv::keras {
namespace {

using frontends::FileReply;
using frontends::FileRequest;
using frontends::FileTensor;
using Task = FileRequest::Task;

FileReply ask(const FileRequest& request) {
  static const auto answer = *static_cast<const frontends::KerasPartFunction*>(
      jit::open_part("keras", jit::part_folders()));
  FileReply reply = answer(request);
  if (!reply.error.empty())
    throw FrontError(ErrorKind::value_error, std::move(reply.argument), reply.error);
  return reply;
}

OwnedTensor tensor_of(const FileTensor& from, const std::string& file) {
  if (from.shape.size() > Dims::kMost)
    frontends::value_error("file", "{}: an array has {} axes; at most {} are read", file,
                           from.shape.size(), Dims::kMost);
  OwnedTensor out = OwnedTensor::uninitialized(dtype_named(from.type), Dims(from.shape));
  if (!from.bytes.empty()) std::memcpy(out.data(), from.bytes.data(), out.bytes());
  return out;
}

FileTensor dense(const TensorView& view, std::string name) {
  if (!view.has_value()) frontends::value_error("tensor", "a tensor is needed, got none");
  const OwnedTensor copy = OwnedTensor::copy(view);
  const Dims& shape = copy.shape();
  FileTensor out{
      std::move(name), std::string(tconv::name(copy.dtype())), {shape.begin(), shape.end()}, {}};
  if (copy.bytes() > 0) out.bytes.assign(static_cast<const char*>(copy.data()), copy.bytes());
  return out;
}

FileRequest about(Task task, const ConvTransposeLayer& layer, const std::string& file,
                  std::string_view other) {
  FileRequest out;
  out.task = task;
  out.file = file;
  out.layer = other;
  out.needs = {layer.name(), {}, layer.use_bias()};
  const frontends::KerasLayer& insides = layer.insides();
  const Dims kernel = layer.built() ? layer.kernel().shape() : insides.kernel_shape(-1);
  out.needs.kernel.assign(kernel.begin(), kernel.end());
  return out;
}

// With what is to be written; the layer must be built.
FileRequest of_built(Task task, const ConvTransposeLayer& layer, const std::string& file,
                     std::string_view to) {
  if (!layer.built())
    frontends::value_error("layer", "layer '{}' is not built: it has no weights yet", layer.name());
  FileRequest out = about(task, layer, file, to);
  out.tensors.push_back(dense(layer.kernel(), "kernel"));
  if (layer.use_bias()) out.tensors.push_back(dense(layer.bias(), "bias"));
  return out;
}

void take(ConvTransposeLayer& layer, const FileReply& reply, const std::string& file) {
  std::vector<OwnedTensor> tensors;
  for (const FileTensor& tensor : reply.tensors) tensors.push_back(tensor_of(tensor, file));
  const std::vector<TensorView> views(tensors.begin(), tensors.end());
  layer.insides().take_weights(views);
}

void check_end(const std::string& file, std::string_view end) {
  if (!file.ends_with(end))
    frontends::value_error("file", "{}: its name must end in {}", file, end);
}

}  // namespace

std::vector<SavedLayer> saved_layers(const std::string& file) {
  return runtime::guarded([&] {
    FileRequest request;
    request.task = Task::list_layers;
    request.file = file;
    std::vector<SavedLayer> out;
    for (frontends::FileLayer& each : ask(request).layers)
      out.push_back({std::move(each.name), std::move(each.class_name), std::move(each.path)});
    return out;
  });
}

ConvTransposeLayer load_layer(const std::string& file, std::string_view layer) {
  return runtime::guarded([&] {
    FileRequest request;
    request.task = Task::read_layer;
    request.file = file;
    request.layer = layer;
    const FileReply reply = ask(request);
    try {
      ConvTransposeLayer out = deserialize(load_json(reply.config));
      take(out, reply, file);
      return out;
    } catch (const FrontError& e) {
      throw FrontError(e.kind(), "layer", fmt::format("{}: {}", file, e.what()));
    }
  });
}

void load_weights(ConvTransposeLayer& layer, const std::string& file, std::string_view from) {
  runtime::guarded([&] { take(layer, ask(about(Task::read_weights, layer, file, from)), file); });
}

void save_weights(const ConvTransposeLayer& layer, const std::string& file) {
  runtime::guarded([&] {
    FileRequest request = of_built(Task::write_layer, layer, file, {});
    // NumPy's files hold no arguments, and arguments that are C++ callables have no JSON.
    if (!file.ends_with(".npy") && !file.ends_with(".npz"))
      request.config = dump_json(layer.serialize());
    ask(request);
  });
}

void update_weights(const ConvTransposeLayer& layer, const std::string& file, std::string_view to) {
  runtime::guarded([&] { ask(of_built(Task::update_weights, layer, file, to)); });
}

OwnedTensor load_npy(const std::string& file) {
  return runtime::guarded([&] {
    std::vector<NamedTensor> all = load_npz(file);
    if (all.size() != 1 || !all.front().name.empty())
      frontends::value_error("file", "{}: it is no NPY file", file);
    return std::move(all.front().tensor);
  });
}

std::vector<NamedTensor> load_npz(const std::string& file) {
  return runtime::guarded([&] {
    FileRequest request;
    request.file = file;
    std::vector<NamedTensor> out;
    for (const FileTensor& each : ask(request).tensors)
      out.push_back({each.name, tensor_of(each, file)});
    return out;
  });
}

void save_npy(const TensorView& tensor, const std::string& file) {
  runtime::guarded([&] {
    check_end(file, ".npy");
    FileRequest request;
    request.task = Task::write_arrays;
    request.file = file;
    request.tensors.push_back(dense(tensor, {}));
    ask(request);
  });
}

void save_npz(std::span<const NamedView> tensors, const std::string& file) {
  runtime::guarded([&] {
    check_end(file, ".npz");
    FileRequest request;
    request.task = Task::write_arrays;
    request.file = file;
    for (const NamedView& each : tensors) request.tensors.push_back(dense(each.tensor, each.name));
    ask(request);
  });
}

}  // namespace tconv::keras

#include "tools/onnx_node.h"

#include <fmt/format.h>

#include <cstring>

#include "tconv/onnx.hpp"
#include "tools/npy.h"
#include "tools/run_tensors.h"

namespace tconv::tools {
namespace {

// A tensor and its memory: of a file or of the model.
struct Loaded {
  Buffer data;
  DType type = DType::other;
  tconv::Dims shape;
  TensorView view() const {
    static const char nothing = 0;
    return type == DType::other
               ? TensorView()
               : TensorView(data.bytes() == 0 ? &nothing : data.data(), type, shape);
  }
};

DType type_of(const std::string& descr) {
  if (descr == "<f4") return DType::f32;
  if (descr == "<f8") return DType::f64;
  if (descr == "<f2") return DType::f16;
  if (descr == "<u2" || descr == "<V2") return DType::bf16;  // as npy_descr writes it
  if (descr == "<i4") return DType::i32;
  return DType::other;
}

Loaded from_file(const char* option, const std::string& path) {
  NpyArray array = read_npy(path);
  const DType type = type_of(array.descr);
  if (type == DType::other)
    throw UsageError(fmt::format("{} {}: its type is {}; <f4 <f8 <f2 and <u2 (bfloat16) are read",
                                 option, path, array.descr));
  if (array.shape.size() > tconv::Dims::kMost)
    throw UsageError(fmt::format("{} {}: it has {} axes", option, path, array.shape.size()));
  return {std::move(array.data), type, tconv::Dims(array.shape)};
}

// W or B: `value` is its name in the graph, `held` what the model has of it.
Loaded constant(const char* option, const std::string& path, const std::string& value,
                const OwnedTensor& held) {
  if (!held.has_value()) {
    if (path.empty())
      throw UsageError(
          fmt::format("{} FILE.npy is needed: the model does not hold '{}'", option, value));
    return from_file(option, path);
  }
  if (!path.empty())
    throw UsageError(fmt::format("{} is given, but the model holds '{}' itself", option, value));
  Loaded out = {Buffer(held.bytes()), held.dtype(), held.shape()};
  if (held.bytes() > 0) std::memcpy(out.data.data(), held.data(), held.bytes());
  return out;
}

void check_command(const Command& command) {
  const Sources& from = command.sources;
  if (!from.lines.empty() || !from.layers.empty() || from.random > 0)
    throw UsageError("run --onnx takes its problem from the model; no other can be given");
  const RunFiles& files = command.files;
  if (!files.add.empty() || !files.mul.empty() || !files.prelu.empty())
    throw UsageError("--add, --mul and --prelu are for problems with such post-ops");
}

}  // namespace

int run_onnx_node(const Command& command) {
  check_command(command);
  const RunFiles& files = command.files;
  const onnx::Node node = onnx::read_node(files.onnx, files.node);
  Loaded x = from_file("--input", files.input);
  Loaded w = constant("--filter", files.filter, node.W, node.weight);
  Loaded b;
  if (!node.B.empty())
    b = constant("--bias", files.bias, node.B, node.bias);
  else if (!files.bias.empty())
    throw UsageError(fmt::format("--bias is given, but node '{}' has no input B", node.name));

  NamedProblem problem;
  problem.name = node.name;
  problem.shape = parse_shape(onnx::problem_line(x.view(), w.view(), b.view(), node.attributes));
  problem.line = to_line(problem.shape);
  const RunTensors tensors = {std::move(x.data), std::move(w.data), std::move(b.data), {}};
  return run_and_write(command, problem, problem.shape, tensors);
}

}  // namespace tconv::tools

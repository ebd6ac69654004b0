// run: one problem on tensors from NPY files.
#include <fmt/format.h>

#include <algorithm>

#include "tools/command.h"
#include "tools/keras_model.h"
#include "tools/npy.h"
#include "tools/number.h"
#include "tools/onnx_node.h"
#include "tools/run_tensors.h"
#include "tools/sources.h"

namespace tconv::tools {
namespace {

using Dims = std::vector<std::int64_t>;

Dims filter_dims(const Shape& shape) {
  Dims dims = shape.k;
  if (!shape.torch_filter) {
    dims.insert(dims.end(), {shape.group_oc(), shape.ic});
    return dims;
  }
  dims.insert(dims.begin(), {shape.ic, shape.group_oc()});
  return dims;
}

Buffer read_tensor(const char* option, const std::string& path, Type type, const Dims& dims) {
  if (path.empty()) throw UsageError(fmt::format("{} FILE.npy is needed for this problem", option));
  NpyArray array = read_npy(path);
  if (array.descr != npy_descr(type) && !(type == Type::bf16 && array.descr == "<V2"))
    throw UsageError(fmt::format("{} {}: its type is {}; the problem needs {} ({})", option, path,
                                 array.descr, npy_descr(type), name(type)));
  if (array.shape != dims)
    throw UsageError(fmt::format("{} {}: its shape is {}; the problem needs {}", option, path,
                                 shape_text(array.shape), shape_text(dims)));
  return std::move(array.data);
}

// Hands out the files of one option in order.
class Files {
 public:
  Files(const char* option, const std::vector<std::string>& paths)
      : option_(option), paths_(paths) {}
  const char* option() const { return option_; }
  std::string next() { return used_ < paths_.size() ? paths_[used_++] : std::string(); }
  void check_all_used() const {
    if (used_ < paths_.size())
      throw UsageError(fmt::format("{} is given {} time(s); the problem takes {}", option_,
                                   paths_.size(), used_));
  }

 private:
  const char* option_;
  const std::vector<std::string>& paths_;
  std::size_t used_ = 0;
};

std::vector<Buffer> read_operands(const Shape& shape, const RunFiles& files) {
  Files prelu("--prelu", files.prelu), add("--add", files.add), mul("--mul", files.mul);
  std::vector<Buffer> operands;
  for (const PostOp& op : shape.post) {
    if (!op.takes_operand()) continue;
    Files& from = op.name == "prelu" ? prelu : op.name == "add" ? add : mul;
    const Dims dims = op.name == "prelu" ? Dims{shape.oc} : tensor_dims(shape, shape.o, shape.oc);
    operands.push_back(read_tensor(from.option(), from.next(), shape.type, dims));
  }
  for (const Files* f : {&prelu, &add, &mul}) f->check_all_used();
  return operands;
}

// The size that the input has, where the problem leaves it open.
RunSize size_of_input(const Shape& shape, const NpyArray& input) {
  RunSize size;
  if (!open(shape)) return size;
  const Dims dims = tensor_dims(shape, shape.i, shape.input_pixel());
  if (input.shape.size() == dims.size()) {
    if (shape.n_min > 0) size.batch = input.shape[0];
    if (shape.i_min > 0) size.length = input.shape[1];
  }
  const std::int64_t given = std::max(size.batch, size.length);
  const std::int64_t least = std::max(shape.n_min, shape.i_min);
  const std::int64_t most = shape.n_min > 0 ? shape.n : shape.i[0];
  if (given < least || given > most)
    throw UsageError(fmt::format("--input: its shape is {}; the problem has {}={}..{}",
                                 shape_text(input.shape), shape.n_min > 0 ? "n" : "i", least,
                                 most));
  return size;
}

}  // namespace

int cmd_run(const Command& command) {
  if (!command.files.onnx.empty() && !command.files.keras.empty())
    throw UsageError("--onnx and --keras are two models; run takes one");
  if (!command.files.keras.empty() && command.files.node.empty()) return run_keras_layer(command);
  if (!command.files.layer.empty()) throw UsageError("--layer goes with --keras FILE.keras");
  if (!command.files.onnx.empty()) return run_onnx_node(command);
  if (!command.files.node.empty()) throw UsageError("--node goes with --onnx FILE.onnx");
  const auto problems = collect_some(command.sources);
  if (problems.size() != 1) throw UsageError("run takes exactly one problem");
  const RunFiles& files = command.files;
  const Shape& whole = problems.front().shape;
  const RunSize size = open(whole) ? size_of_input(whole, read_npy(files.input)) : RunSize{};
  const Shape shape = at(whole, size);
  ConvTranspose::create(problems.front().line, command.options);  // refuses before files are read

  RunTensors tensors;
  tensors.input = read_tensor("--input", files.input, shape.type,
                              tensor_dims(shape, shape.i, shape.input_pixel()));
  tensors.filter = read_tensor("--filter", files.filter, shape.type, filter_dims(shape));
  if (shape.bias)
    tensors.bias = read_tensor("--bias", files.bias, shape.bias_type, {shape.oc});
  else if (!files.bias.empty())
    throw UsageError("--bias is given, but the problem has no bias");
  tensors.operands = read_operands(shape, files);
  return run_and_write(command, problems.front(), shape, tensors, size);
}

}  // namespace tconv::tools

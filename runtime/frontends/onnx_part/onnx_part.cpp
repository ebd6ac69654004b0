// A .onnx file to one ConvTranspose node of its main graph.
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/stubs/logging.h>

#include <filesystem>
#include <fstream>

#include "jit/part.h"
#include "runtime/frontends/onnx_part/attributes.h"
#include "runtime/frontends/onnx_part/constants.h"
#include "runtime/frontends/onnx_part/interface.h"
#include "runtime/frontends/onnx_part/reject.h"

namespace tconv::frontends {
namespace {

namespace fs = std::filesystem;

::onnx::ModelProto parse(const std::string& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) throw OnnxReject("it cannot be read as a file");
  if (const auto size = fs::file_size(path, error); !error && size > 0x7fffffff)
    throw OnnxReject("it has " + std::to_string(size) +
                     " bytes; protobuf files have at most 2147483647 (larger models keep their "
                     "tensors in files beside them)");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw OnnxReject("it cannot be read");
  const google::protobuf::LogSilencer silence;  // what is wrong is said below
  google::protobuf::io::IstreamInputStream stream(&file);
  ::onnx::ModelProto model;
  if (!model.ParseFromZeroCopyStream(&stream))
    throw OnnxReject("it is not an ONNX model, or damaged or truncated: its fields do not add up");
  if (file.bad()) throw OnnxReject("it cannot be read to its end");
  if (!model.has_graph())
    throw OnnxReject("it is not an ONNX model, or truncated: it has no graph");
  return model;
}

std::int64_t opset_of(const ::onnx::ModelProto& model) {
  std::optional<std::int64_t> found;
  for (const auto& opset : model.opset_import()) {
    if (!opset.domain().empty() && opset.domain() != "ai.onnx") continue;
    if (found && *found != opset.version())
      throw OnnxReject("it imports two versions of ONNX' operators");
    found = opset.version();
  }
  if (!found && model.ir_version() < 3) return 1;  // before the field opset_import
  if (!found) throw OnnxReject("it does not say which version of ONNX' operators it imports");
  if (*found < 1)
    throw OnnxReject("it imports version " + std::to_string(*found) + " of ONNX' operators");
  return *found;
}

std::string name_of(const ::onnx::NodeProto& node) {
  return !node.name().empty() || node.output_size() == 0 ? node.name() : node.output(0);
}

const ::onnx::NodeProto& find(const ::onnx::GraphProto& graph, const std::string& wanted) {
  const ::onnx::NodeProto* found = nullptr;
  std::string all;
  int nodes = 0, matches = 0;
  for (const auto& node : graph.node()) {
    if (node.op_type() != "ConvTranspose") continue;
    if (!node.domain().empty() && node.domain() != "ai.onnx") continue;
    if (++nodes <= 100) all += ' ' + in_quotes(name_of(node));
    if (!wanted.empty() && name_of(node) != wanted) continue;
    ++matches;
    found = &node;
  }
  if (nodes == 0) throw OnnxReject("its main graph has no ConvTranspose", "node");
  if (nodes > 100) all += " and " + std::to_string(nodes - 100) + " more";
  if (matches == 0)
    throw OnnxReject("no ConvTranspose is called " + in_quotes(wanted) + "; there are" + all,
                     "node");
  if (matches > 1 && wanted.empty()) throw OnnxReject("one of these must be named:" + all, "node");
  if (matches > 1)
    throw OnnxReject(std::to_string(matches) + " ConvTranspose are called " + in_quotes(wanted),
                     "node");
  return *found;
}

OnnxNode read_node(const std::string& path, const std::string& wanted) {
  const ::onnx::ModelProto model = parse(path);
  const ::onnx::NodeProto& node = find(model.graph(), wanted);
  OnnxNode out;
  out.name = name_of(node);
  try {
    if (node.input_size() < 2 || node.input_size() > 3)
      throw OnnxReject("ConvTranspose has 2 or 3 inputs, got " + std::to_string(node.input_size()));
    if (node.output_size() != 1)
      throw OnnxReject("ConvTranspose has 1 output, got " + std::to_string(node.output_size()));
    if (node.input(0).empty() || node.input(1).empty())
      throw OnnxReject("its inputs X and W must have names");
    out.x = node.input(0);
    out.w = node.input(1);
    if (node.input_size() == 3) out.b = node.input(2);
    out.y = node.output(0);
    out.attributes = attributes_of(node);
    out.attributes.opset = opset_of(model);
    const fs::path folder = fs::absolute(path).parent_path();
    out.weight = constant(model.graph(), out.w, folder);
    if (!out.b.empty()) out.bias = constant(model.graph(), out.b, folder);
  } catch (const OnnxReject& e) {
    throw OnnxReject("node " + in_quotes(out.name) + ": " + e.what(), e.argument());
  }
  return out;
}

OnnxReading read(const std::string& path, const std::string& node) {
  OnnxReading out;
  try {
    out.node = read_node(path, node);
  } catch (const OnnxReject& e) {
    out.argument = e.argument();
    out.error = path + ": " + e.what();
  } catch (const fs::filesystem_error& e) {
    out.argument = "model";
    out.error = path + ": " + e.what();
  }
  return out;
}

constexpr OnnxPartFunctions kFunctions{read};

}  // namespace
}  // namespace tconv::frontends

extern "C" [[gnu::visibility("default")]] const tconv::jit::PartEntry tconv_part;
const tconv::jit::PartEntry tconv_part{TCONV_VERSION, &tconv::frontends::kFunctions};

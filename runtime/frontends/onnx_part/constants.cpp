#include "runtime/frontends/onnx_part/constants.h"

#include <cstring>
#include <limits>

#include "runtime/frontends/onnx_part/reject.h"

namespace tconv::frontends {
namespace {

using Tensor = ::onnx::TensorProto;

std::string type_name(std::int32_t type) {
  if (::onnx::TensorProto_DataType_IsValid(type))
    return ::onnx::TensorProto_DataType_Name(static_cast<::onnx::TensorProto_DataType>(type));
  return "number " + std::to_string(type);
}

// 0 for types that ConvTranspose does not have.
std::uint64_t element_bytes(std::int32_t type) {
  switch (type) {
    case Tensor::FLOAT:
      return 4;
    case Tensor::DOUBLE:
      return 8;
    case Tensor::FLOAT16:
    case Tensor::BFLOAT16:
      return 2;
    default:
      return 0;
  }
}

std::uint64_t byte_count(const Tensor& tensor, const std::string& what) {
  const std::uint64_t each = element_bytes(tensor.data_type());
  if (each == 0)
    throw OnnxReject(what + ": its type is " + type_name(tensor.data_type()) +
                     "; ConvTranspose has FLOAT16 FLOAT DOUBLE BFLOAT16");
  std::uint64_t bytes = each;
  bool empty = false;
  for (std::int64_t d : tensor.dims()) {
    if (d < 0) throw OnnxReject(what + ": its shape has a negative size, " + std::to_string(d));
    if (d == 0) empty = true;
    if (d > 0 && bytes > (std::uint64_t{1} << 62) / static_cast<std::uint64_t>(d))
      throw OnnxReject(what + ": its shape is impossibly large");
    if (d > 0) bytes *= static_cast<std::uint64_t>(d);
  }
  return empty ? 0 : bytes;
}

// 16-bit elements travel in int32_data, one in each number.
template <class Numbers>
std::string low_halves(const Numbers& numbers, const std::string& what) {
  std::string out;
  out.reserve(static_cast<std::size_t>(numbers.size()) * 2);
  for (std::int32_t number : numbers) {
    if (number < 0 || number > 0xffff)
      throw OnnxReject(what + ": int32_data holds " + std::to_string(number) +
                       ", which is not the bits of a 16-bit float");
    const auto half = static_cast<std::uint16_t>(number);
    char bytes[2];
    std::memcpy(bytes, &half, 2);
    out.append(bytes, 2);
  }
  return out;
}

template <class Numbers>
std::string bytes_of(const Numbers& numbers) {
  const std::size_t each = sizeof(*numbers.data());
  if (numbers.empty()) return {};
  return {reinterpret_cast<const char*>(numbers.data()),
          static_cast<std::size_t>(numbers.size()) * each};
}

std::string typed_bytes(const Tensor& tensor, const std::string& what) {
  switch (tensor.data_type()) {
    case Tensor::FLOAT:
      return bytes_of(tensor.float_data());
    case Tensor::DOUBLE:
      return bytes_of(tensor.double_data());
    default:
      return low_halves(tensor.int32_data(), what);
  }
}

OnnxTensor tensor_of(const Tensor& tensor, const std::string& what,
                     const std::filesystem::path& folder) {
  OnnxTensor out;
  const std::uint64_t bytes = byte_count(tensor, what);
  out.type = type_name(tensor.data_type());
  out.shape.assign(tensor.dims().begin(), tensor.dims().end());
  if (tensor.has_segment())
    throw OnnxReject(what + " is a segment of a tensor; whole ones are read");
  if (tensor.data_location() == Tensor::EXTERNAL) {
    try {
      out.bytes = external_bytes(tensor, bytes, folder);
    } catch (const OnnxReject& e) {
      throw OnnxReject(what + ": " + e.what());
    }
    return out;
  }
  out.bytes = typed_bytes(tensor, what);
  if (tensor.has_raw_data()) {
    if (!out.bytes.empty()) throw OnnxReject(what + " has raw_data and typed data; one is allowed");
    out.bytes = tensor.raw_data();
  }
  if (out.bytes.size() != bytes)
    throw OnnxReject(what + ": its shape and type need " + std::to_string(bytes) +
                     " bytes, the model holds " + std::to_string(out.bytes.size()));
  return out;
}

bool is_standard(const ::onnx::NodeProto& node) {
  return node.domain().empty() || node.domain() == "ai.onnx";
}

// Of a Constant: the tensor, if that is how it says its value.
OnnxTensor value_of(const ::onnx::NodeProto& node, const std::string& what,
                    const std::filesystem::path& folder) {
  for (const auto& attribute : node.attribute())
    if (attribute.name() == "value" && attribute.has_t())
      return tensor_of(attribute.t(), what, folder);
  throw OnnxReject(what + " is a Constant without a dense tensor in its attribute 'value'");
}

}  // namespace

std::optional<OnnxTensor> constant(const ::onnx::GraphProto& graph, const std::string& name,
                                   const std::filesystem::path& folder) {
  std::string wanted = name;
  // A chain of Identity nodes cannot be longer than the graph unless it is a circle.
  for (int step = 0; step <= graph.node_size(); ++step) {
    const std::string what = "tensor " + in_quotes(wanted);
    const Tensor* found = nullptr;
    for (const Tensor& tensor : graph.initializer()) {
      if (tensor.name() != wanted) continue;
      if (found != nullptr) throw OnnxReject("the graph has two initializers " + in_quotes(wanted));
      found = &tensor;
    }
    if (found != nullptr) return tensor_of(*found, what, folder);
    for (const auto& sparse : graph.sparse_initializer())
      if (sparse.values().name() == wanted)
        throw OnnxReject(what + " is sparse; dense initializers are read");
    const ::onnx::NodeProto* producer = nullptr;
    for (const auto& node : graph.node())
      for (const std::string& output : node.output())
        if (output == wanted) producer = &node;
    if (producer == nullptr || !is_standard(*producer)) return std::nullopt;
    if (producer->op_type() == "Constant") return value_of(*producer, what, folder);
    if (producer->op_type() != "Identity" || producer->input_size() != 1) return std::nullopt;
    wanted = producer->input(0);
  }
  throw OnnxReject("tensor " + in_quotes(name) + " is the end of a circle of Identity nodes");
}

}  // namespace tconv::frontends

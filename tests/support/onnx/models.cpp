#include "tests/support/onnx/models.h"

#include <fstream>

namespace tconv::tests {

::onnx::AttributeProto& add_integers(::onnx::NodeProto& node, const std::string& name,
                                     const std::vector<std::int64_t>& values) {
  ::onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(::onnx::AttributeProto::INTS);
  for (std::int64_t value : values) attribute.add_ints(value);
  return attribute;
}

::onnx::ModelProto small_model() {
  ::onnx::ModelProto model;
  model.set_ir_version(7);
  model.add_opset_import()->set_version(11);
  ::onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name("small");
  ::onnx::NodeProto& node = *graph.add_node();
  node.set_op_type("ConvTranspose");
  node.set_name("up");
  for (const char* input : {"x", "w", "b"}) node.add_input(input);
  node.add_output("y");
  add_integers(node, "strides", {2});
  ::onnx::TensorProto& w = *graph.add_initializer();
  w.set_name("w");
  w.set_data_type(::onnx::TensorProto::FLOAT);
  for (std::int64_t d : {2, 1, 2}) w.add_dims(d);
  for (float value : {1.f, 2.f, 3.f, 4.f}) w.add_float_data(value);
  ::onnx::TensorProto& b = *graph.add_initializer();
  b.set_name("b");
  b.set_data_type(::onnx::TensorProto::FLOAT);
  b.add_dims(1);
  const float five = 5;
  b.set_raw_data(&five, sizeof five);
  return model;
}

namespace {

void add_initializer(::onnx::GraphProto& graph, const char* name,
                     const std::vector<std::int64_t>& shape, const std::vector<float>& data) {
  ::onnx::TensorProto& tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(::onnx::TensorProto::FLOAT);
  for (std::int64_t d : shape) tensor.add_dims(d);
  tensor.set_raw_data(data.data(), data.size() * sizeof(float));
}

void declare(::onnx::ValueInfoProto& value, const char* name, const nlohmann::json& shape) {
  value.set_name(name);
  ::onnx::TypeProto::Tensor& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(::onnx::TensorProto::FLOAT);
  for (const std::int64_t d : shape) type.mutable_shape()->add_dim()->set_dim_value(d);
}

}  // namespace

::onnx::ModelProto node_test(const nlohmann::json& test) {
  ::onnx::ModelProto model;
  model.set_ir_version(7);
  model.set_producer_name("tconv");
  model.add_opset_import()->set_version(11);
  ::onnx::GraphProto& graph = *model.mutable_graph();
  graph.set_name(test.at("id"));
  declare(*graph.add_input(), "X", test.at("input").at("shape"));
  declare(*graph.add_output(), "Y", test.at("expect").at("shape"));
  ::onnx::NodeProto& node = *graph.add_node();
  node.set_op_type("ConvTranspose");
  node.add_input("X");
  node.add_input("W");
  node.add_output("Y");
  add_initializer(graph, "W", test.at("filter").at("shape"), test.at("filter").at("data"));
  if (const auto& bias = test.at("bias"); !bias.is_null()) {
    node.add_input("B");
    add_initializer(graph, "B", {static_cast<std::int64_t>(bias.size())}, bias);
  }
  const auto given = [&node](const char* name, const nlohmann::json& values) {
    if (!values.is_null()) add_integers(node, name, values);
  };
  given("strides", test.at("strides"));
  given("dilations", test.at("dilations"));
  given("pads", test.at("padding").at("pads"));
  given("output_padding", test.at("output_padding"));
  given("output_shape", test.at("output_shape_arg"));
  ::onnx::AttributeProto& group = *node.add_attribute();
  group.set_name("group");
  group.set_type(::onnx::AttributeProto::INT);
  group.set_i(test.at("groups"));
  ::onnx::AttributeProto& auto_pad = *node.add_attribute();
  auto_pad.set_name("auto_pad");
  auto_pad.set_type(::onnx::AttributeProto::STRING);
  auto_pad.set_s(test.at("padding").at("auto_pad"));
  return model;
}

std::string written(const ::onnx::ModelProto& model, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  model.SerializeToOstream(&file);
  return path;
}

}  // namespace tconv::tests

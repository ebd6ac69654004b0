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

std::string written(const ::onnx::ModelProto& model, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  model.SerializeToOstream(&file);
  return path;
}

}  // namespace tconv::tests

// Nodes of .onnx files: what is read, by name or not, from where the weights may come, and files
// that are damaged or do not add up.
#include <gtest/gtest.h>

#include "tconv/onnx.hpp"
#include "tests/support/front_error.h"
#include "tests/support/temporary_folder.h"

#ifndef TCONV_HAS_ONNX

TEST(OnnxModel, NeedsItsPart) {
  GTEST_SKIP() << "built without ONNX (libonnx-dev, option TCONV_ONNX)";
}

#else

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/support/onnx/models.h"

namespace tconv {
namespace {

using tests::add_integers;
using tests::refusal;
using tests::small_model;
using tests::written;
using Model = ::onnx::ModelProto;

class OnnxModel : public testing::Test {
 protected:
  onnx::Node read(const Model& model, const std::string& node = {}) {
    return onnx::read_node(written(model, path_), node);
  }
  // "argument: sentence", and the sentence names the file.
  std::string said(const Model& model, const std::string& node = {}) {
    const tests::Refusal r = refusal([&] { read(model, node); });
    EXPECT_NE(r.what.find(path_), std::string::npos) << r.what;
    return r.what;
  }
  void expect_said(const std::function<void(Model&)>& damage, const std::string& words) {
    Model model = small_model();
    damage(model);
    const std::string text = said(model);
    EXPECT_NE(text.find(words), std::string::npos) << text;
    EXPECT_EQ(text.rfind("model: ", 0), 0u) << text;
  }
  test::TemporaryFolder folder_;
  std::string path_ = folder_.file("m.onnx");
};

std::vector<float> floats(const OwnedTensor& tensor) {
  return {tensor.as<float>().begin(), tensor.as<float>().end()};
}

TEST_F(OnnxModel, ReadsAndRuns) {
  const onnx::Node node = read(small_model());
  EXPECT_EQ(node.name, "up");
  EXPECT_EQ(node.X + node.W + node.B + node.Y, "xwby");
  EXPECT_EQ(node.attributes.opset, 11);
  EXPECT_EQ(node.weight.shape(), (Dims{2, 1, 2}));
  EXPECT_EQ(floats(node.weight), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(floats(node.bias), (std::vector<float>{5}));
  const float x[6] = {1, 0, 0, 0, 1, 0};
  EXPECT_EQ(floats(onnx::conv_transpose(TensorView(x, {1, 2, 3}), node.weight, node.bias,
                                        node.attributes)),
            (std::vector<float>{6, 7, 8, 9, 5, 5}));
}

nlohmann::json node_tests() {
  std::ifstream file(TCONV_SOURCE_DIR "/tests/data/conformance_cases.json");
  nlohmann::json found = nlohmann::json::array();
  const nlohmann::json all = nlohmann::json::parse(file);
  for (const auto& test : all.at("cases"))
    if (test.at("api") == "onnx.ConvTranspose" &&
        test.at("id").get<std::string>().rfind("onnx-", 0) == 0)
      found.push_back(test);
  return found;
}

TEST_F(OnnxModel, OnnxOwnNodeTestsAsFiles) {
  const nlohmann::json tests = node_tests();
  EXPECT_EQ(tests.size(), 11u);
  for (const auto& test : tests) {
    const onnx::Node node = read(tests::node_test(test));
    const auto x = test.at("input").at("data").get<std::vector<float> >();
    const auto shape = test.at("input").at("shape").get<std::vector<std::int64_t> >();
    const OwnedTensor y = onnx::conv_transpose(TensorView(x.data(), Dims(shape)), node.weight,
                                               node.bias, node.attributes);
    EXPECT_EQ(y.shape(), Dims(test.at("expect").at("shape").get<std::vector<std::int64_t> >()));
    const auto expected = test.at("expect").at("values").get<std::vector<float> >();
    ASSERT_EQ(static_cast<std::size_t>(y.elements()), expected.size()) << test.at("id");
    for (std::size_t e = 0; e < expected.size(); ++e)
      ASSERT_NEAR(y.as<float>()[e], expected[e], 1e-5 * std::max(1.f, std::fabs(expected[e])))
          << test.at("id") << " element " << e;
  }
}

// The file that is shipped, for the command line and for builds without ONNX: TCONV_BLESS=1 writes
// it.
TEST_F(OnnxModel, TheShippedFileIsANodeTest) {
  const std::string shipped = TCONV_SOURCE_DIR "/tests/data/convtranspose2d.onnx";
  const nlohmann::json tests = node_tests();
  const auto test = std::find_if(tests.begin(), tests.end(), [](const nlohmann::json& t) {
    return t.at("id") == "onnx-pt-test_ConvTranspose2d";
  });
  ASSERT_NE(test, tests.end());
  if (std::getenv("TCONV_BLESS") != nullptr) written(tests::node_test(*test), shipped);
  const onnx::Node made = read(tests::node_test(*test)), node = onnx::read_node(shipped);
  EXPECT_EQ(node.name, "Y");
  EXPECT_EQ(floats(node.weight), floats(made.weight));
  EXPECT_EQ(floats(node.bias), floats(made.bias));
  EXPECT_EQ(node.attributes.strides, made.attributes.strides);
  EXPECT_EQ(node.attributes.pads, made.attributes.pads);
}

TEST_F(OnnxModel, EveryAttribute) {
  Model model = small_model();
  ::onnx::NodeProto& node = *model.mutable_graph()->mutable_node(0);
  add_integers(node, "dilations", {3});
  add_integers(node, "pads", {1, 2});
  add_integers(node, "output_padding", {1});
  add_integers(node, "output_shape", {9});
  add_integers(node, "kernel_shape", {2});
  ::onnx::AttributeProto& auto_pad = *node.add_attribute();
  auto_pad.set_name("auto_pad");
  auto_pad.set_type(::onnx::AttributeProto::STRING);
  auto_pad.set_s("SAME_LOWER");
  ::onnx::AttributeProto& group = *node.add_attribute();
  group.set_name("group");
  group.set_type(::onnx::AttributeProto::INT);
  group.set_i(2);
  const onnx::ConvTransposeAttributes read_back = read(model).attributes;
  using List = std::vector<std::int64_t>;
  EXPECT_EQ(read_back.strides, List{2});
  EXPECT_EQ(read_back.dilations, List{3});
  EXPECT_EQ(read_back.pads, (List{1, 2}));
  EXPECT_EQ(read_back.output_padding, List{1});
  EXPECT_EQ(read_back.output_shape, List{9});
  EXPECT_EQ(read_back.kernel_shape, List{2});
  EXPECT_EQ(read_back.auto_pad, "SAME_LOWER");
  EXPECT_EQ(read_back.group, 2);
}

TEST_F(OnnxModel, NodesByName) {
  Model model = small_model();
  *model.mutable_graph()->add_node() = model.graph().node(0);
  ::onnx::NodeProto& second = *model.mutable_graph()->mutable_node(1);
  second.clear_name();
  second.set_output(0, "z\n");
  EXPECT_EQ(read(model, "up").Y, "y");
  EXPECT_EQ(read(model, "z\n").Y, "z\n") << "a node without a name goes by its output's";
  EXPECT_NE(said(model).find("node: "), std::string::npos);
  EXPECT_NE(said(model).find("one of these must be named: 'up' 'z\\x0a'"), std::string::npos);
  EXPECT_NE(said(model, "down").find("'down'; there are 'up' 'z\\x0a'"), std::string::npos);
  second.set_name("up");
  EXPECT_NE(said(model, "up").find("2 ConvTranspose are called 'up'"), std::string::npos);
  model.mutable_graph()->clear_node();
  EXPECT_NE(said(model).find("has no ConvTranspose"), std::string::npos);
}

TEST_F(OnnxModel, WeightsOfEveryType) {
  struct Kind {
    ::onnx::TensorProto::DataType type;
    DType dtype;
    std::vector<std::int32_t> halves;
  };
  for (const Kind& kind : {Kind{::onnx::TensorProto::FLOAT16, DType::f16, {0x3c00, 0x4000}},
                           Kind{::onnx::TensorProto::BFLOAT16, DType::bf16, {0x3f80, 0xc000}}}) {
    Model model = small_model();
    ::onnx::TensorProto& w = *model.mutable_graph()->mutable_initializer(0);
    w.Clear();
    w.set_name("w");
    w.set_data_type(kind.type);
    w.add_dims(2);
    for (std::int32_t half : kind.halves) w.add_int32_data(half);
    const onnx::Node node = read(model);
    ASSERT_EQ(node.weight.dtype(), kind.dtype);
    const auto* bits = static_cast<const std::uint16_t*>(node.weight.data());
    EXPECT_EQ((std::vector<std::int32_t>{bits[0], bits[1]}), kind.halves);
  }
  Model model = small_model();
  ::onnx::TensorProto& w = *model.mutable_graph()->mutable_initializer(0);
  w.clear_float_data();
  w.set_data_type(::onnx::TensorProto::DOUBLE);
  for (double value : {1., 2., 3., 4.}) w.add_double_data(value);
  EXPECT_EQ(read(model).weight.as<double>()[3], 4);
}

TEST_F(OnnxModel, WeightsFromElsewhere) {
  Model model = small_model();
  ::onnx::GraphProto& graph = *model.mutable_graph();
  const ::onnx::TensorProto w = graph.initializer(0);
  // Through an Identity from a Constant.
  graph.mutable_initializer()->DeleteSubrange(0, 1);
  ::onnx::NodeProto& identity = *graph.add_node();
  identity.set_op_type("Identity");
  identity.add_input("c");
  identity.add_output("w");
  ::onnx::NodeProto& constant = *graph.add_node();
  constant.set_op_type("Constant");
  constant.add_output("c");
  ::onnx::AttributeProto& value = *constant.add_attribute();
  value.set_name("value");
  value.set_type(::onnx::AttributeProto::TENSOR);
  *value.mutable_t() = w;
  EXPECT_EQ(floats(read(model).weight), (std::vector<float>{1, 2, 3, 4}));
  identity.set_input(0, "w");
  EXPECT_NE(said(model).find("circle"), std::string::npos);
  identity.set_op_type("Relu");
  EXPECT_FALSE(read(model).weight.has_value()) << "computed by another node";
  graph.mutable_node(0)->mutable_input()->RemoveLast();
  EXPECT_FALSE(read(model).bias.has_value());
  EXPECT_EQ(read(model).B, "");
}

class OnnxExternal : public OnnxModel {
 protected:
  Model model(const std::string& location, const std::string& offset, const std::string& length) {
    Model made = small_model();
    ::onnx::TensorProto& w = *made.mutable_graph()->mutable_initializer(0);
    w.clear_float_data();
    w.set_data_location(::onnx::TensorProto::EXTERNAL);
    const auto add = [&w](const char* key, const std::string& value) {
      if (value.empty()) return;
      w.add_external_data()->set_key(key);
      w.mutable_external_data(w.external_data_size() - 1)->set_value(value);
    };
    add("location", location);
    add("offset", offset);
    add("length", length);
    return made;
  }
  void refused(const Model& made, const std::string& words) {
    const std::string text = said(made);
    EXPECT_NE(text.find("tensor 'w': external data: "), std::string::npos) << text;
    EXPECT_NE(text.find(words), std::string::npos) << text;
  }
  void SetUp() override {
    const float data[5] = {0, 1, 2, 3, 4};
    std::filesystem::create_directory(folder_.file("sub"));
    for (const char* name : {"w.bin", "sub/w.bin"})
      std::ofstream(folder_.file(name), std::ios::binary)
          .write(reinterpret_cast<const char*>(data), sizeof data);
  }
};

TEST_F(OnnxExternal, IsRead) {
  const std::vector<float> expected = {1, 2, 3, 4};
  EXPECT_EQ(floats(read(model("w.bin", "4", "16")).weight), expected);
  EXPECT_EQ(floats(read(model("sub/w.bin", "4", "")).weight), expected);
  EXPECT_EQ(floats(read(model("sub/../w.bin", "4", "")).weight), expected);
}

TEST_F(OnnxExternal, IsRefusedWithTheReason) {
  refused(model("none.bin", "", ""), "cannot be read");
  refused(model("", "", ""), "relative");
  refused(model(folder_.file("w.bin"), "", ""), "relative");
  refused(model("sub", "", ""), "not a file");
  refused(model("w.bin", "8", ""), "has 20 bytes; needed are 16 from byte 8");
  refused(model("w.bin", "4", "12"), "length is 12");
  refused(model("w.bin", "-4", ""), "offset '-4'");
  refused(model("w.bin", "99999999999999999999", ""), "offset");
  refused(model("w.bin", "9223372036854775807", ""), "from byte 9223372036854775807");
  // Outside of the folder: a path and a link.
  path_ = folder_.file("sub/m.onnx");
  refused(model("../w.bin", "4", ""), "outside");
  std::filesystem::create_symlink(folder_.file("w.bin"), folder_.file("sub/link.bin"));
  refused(model("link.bin", "4", ""), "outside");
}

TEST_F(OnnxModel, WhatDoesNotAddUpIsNamed) {
  const auto node = [](Model& m) -> ::onnx::NodeProto& {
    return *m.mutable_graph()->mutable_node(0);
  };
  const auto w = [](Model& m) -> ::onnx::TensorProto& {
    return *m.mutable_graph()->mutable_initializer(0);
  };
  expect_said([](Model& m) { m.clear_graph(); }, "no graph");
  expect_said([](Model& m) { m.clear_opset_import(); }, "which version");
  expect_said([](Model& m) { m.mutable_opset_import(0)->set_version(-3); }, "version -3");
  expect_said([](Model& m) { m.add_opset_import()->set_version(12); }, "two versions");
  expect_said([&](Model& m) { node(m).add_input("more"); }, "2 or 3 inputs, got 4");
  expect_said([&](Model& m) { node(m).set_input(1, ""); }, "must have names");
  expect_said([&](Model& m) { node(m).clear_output(); }, "1 output, got 0");
  expect_said([&](Model& m) { add_integers(node(m), "strides", {1}); }, "'strides' is given twice");
  expect_said([&](Model& m) { add_integers(node(m), "stride", {1}); }, "no attribute 'stride'");
  expect_said([&](Model& m) { add_integers(node(m), "group", {1}); },
              "INTS; ConvTranspose has INT");
  expect_said([&](Model& m) { add_integers(node(m), "pads", {}).set_ref_attr_name("p"); },
              "refers to");
  expect_said([&](Model& m) { w(m).set_data_type(::onnx::TensorProto::INT8); }, "INT8");
  expect_said([&](Model& m) { w(m).set_data_type(99); }, "number 99");
  expect_said([&](Model& m) { w(m).set_dims(0, -2); }, "negative size, -2");
  expect_said([&](Model& m) { w(m).set_dims(0, std::int64_t{1} << 62); }, "impossibly large");
  expect_said([&](Model& m) { w(m).set_dims(0, 3); }, "need 24 bytes, the model holds 16");
  expect_said([&](Model& m) { w(m).set_raw_data("x"); }, "raw_data and typed data");
  expect_said([&](Model& m) { w(m).mutable_segment()->set_begin(0); }, "segment");
  expect_said([&](Model& m) { *m.mutable_graph()->add_initializer() = w(m); }, "two initializers");
  expect_said(
      [&](Model& m) {
        ::onnx::SparseTensorProto& sparse = *m.mutable_graph()->add_sparse_initializer();
        *sparse.mutable_values() = w(m);
        m.mutable_graph()->mutable_initializer()->DeleteSubrange(0, 1);
      },
      "sparse");
  expect_said(
      [&](Model& m) {
        w(m).set_data_type(::onnx::TensorProto::FLOAT16);
        w(m).clear_float_data();
        for (int x : {1, 2, 3, 70000}) w(m).add_int32_data(x);
      },
      "70000");
}

TEST_F(OnnxModel, MissingAndForeignFiles) {
  const auto what = [](const std::string& path) {
    const tests::Refusal r = refusal([&] { onnx::read_node(path); });
    EXPECT_EQ(r.argument, "model") << r.what;
    EXPECT_NE(r.what.find(path), std::string::npos) << r.what;
    return r.what;
  };
  EXPECT_NE(what(folder_.file("none.onnx")).find("cannot be read"), std::string::npos);
  EXPECT_NE(what(folder_.path().string()).find("cannot be read"), std::string::npos);
  std::ofstream(path_) << "this is not protobuf";
  EXPECT_NE(what(path_).find("not an ONNX model"), std::string::npos);
  std::ofstream(path_, std::ios::trunc).flush();
  EXPECT_NE(what(path_).find("no graph"), std::string::npos);
}

// Whatever the bytes, the answer is a node or an error that names the file.
void survives(const std::string& path, const std::string& bytes, int& refused) {
  std::ofstream(path, std::ios::binary) << bytes;
  const tests::Refusal r = refusal([&] { onnx::read_node(path); });
  if (r.what.empty()) return;
  ++refused;
  ASSERT_NE(r.argument, "no FrontError") << r.what;
  ASSERT_NE(r.what.find(path), std::string::npos) << r.what;
}

TEST_F(OnnxModel, EveryTruncationAndEveryFlippedBit) {
  std::string bytes;
  ASSERT_TRUE(small_model().SerializeToString(&bytes));
  int refused = 0;
  for (std::size_t n = 0; n < bytes.size(); ++n) survives(path_, bytes.substr(0, n), refused);
  // A cut right behind a field that is the last of what a reader needs leaves a whole model.
  EXPECT_GE(refused, static_cast<int>(bytes.size()) - 2);
  refused = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    survives(path_, damaged, refused);
  }
  EXPECT_GT(refused, static_cast<int>(bytes.size()) * 2) << "most bits matter";
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string damaged = bytes;
    for (int change = 0; change < 4; ++change)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    survives(path_, damaged, refused);
  }
}

TEST_F(OnnxModel, GraphsInsideGraphsInsideGraphs) {
  // Deeper than protobuf goes: refused, not followed until the stack ends.
  Model model = small_model();
  ::onnx::GraphProto* graph = model.mutable_graph();
  for (int depth = 0; depth < 200; ++depth) {
    ::onnx::AttributeProto& body = *graph->add_node()->add_attribute();
    body.set_type(::onnx::AttributeProto::GRAPH);
    graph = body.mutable_g();
  }
  EXPECT_NE(said(model).find("do not add up"), std::string::npos);
}

}  // namespace
}  // namespace tconv
#endif

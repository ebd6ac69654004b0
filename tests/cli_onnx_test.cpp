// tconv run --onnx: the shipped model on NPY files, what is refused, and what the program needs
// when it starts.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/support/cli.h"
#include "tests/support/temporary_folder.h"
#include "tools/npy.h"

namespace tconv {
namespace {

using nlohmann::json;
using test::Finished;

const std::string kModel = TCONV_SOURCE_DIR "/tests/data/convtranspose2d.onnx";

class CliOnnx : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(TCONV_BINARY_DIR "/libtconv_onnx.so"))
      GTEST_SKIP() << "built without ONNX (libonnx-dev, option TCONV_ONNX)";
    std::ifstream file(TCONV_SOURCE_DIR "/tests/data/conformance_cases.json");
    const json all = json::parse(file);
    for (const json& c : all.at("cases"))
      if (c.at("id") == "onnx-pt-test_ConvTranspose2d") case_ = c;
    write("x.npy", case_.at("input"));
  }
  void write(const std::string& name, const json& tensor) {
    const auto data = tensor.at("data").get<std::vector<float>>();
    tools::write_npy(folder_.file(name), "<f4", tensor.at("shape"), data.data(), data.size() * 4);
  }
  std::vector<std::string> command(std::vector<std::string> more = {}) {
    std::vector<std::string> all = {"run",
                                    "--onnx",
                                    kModel,
                                    "--input",
                                    folder_.file("x.npy"),
                                    "--output",
                                    folder_.file("y.npy")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void expect_values() {
    const tools::NpyArray y = tools::read_npy(folder_.file("y.npy"));
    EXPECT_EQ(json(y.shape), case_.at("expect").at("shape"));
    const auto expected = case_.at("expect").at("values").get<std::vector<float>>();
    ASSERT_EQ(y.data.bytes(), expected.size() * 4);
    for (std::size_t e = 0; e < expected.size(); ++e)
      ASSERT_NEAR(y.data.as<float>()[e], expected[e], 1e-5 * std::max(1.f, std::fabs(expected[e])));
  }
  test::TemporaryFolder folder_;
  json case_;
};

TEST_F(CliOnnx, RunsTheNode) {
  const json report = test::run_json(command({"--node", "Y", "--backend", "interpreter"}));
  EXPECT_EQ(report.at("results").at(0).at("name"), "Y");
  EXPECT_EQ(report.at("results").at(0).at("problem"),
            "f32 nchw ic=3 oc=4 i=7x6 o=20x12 k=3x3 s=3x2 p=1x1 bias");
  expect_values();
  const Finished f = test::tconv_cli(command());  // the only node, compiled
  EXPECT_EQ(f.status, 0) << f.err;
  expect_values();
}

TEST_F(CliOnnx, Refusals) {
  const auto refused = [this](const std::vector<std::string>& arguments, const std::string& words) {
    test::expect_refused(arguments, words);
    EXPECT_FALSE(std::filesystem::exists(folder_.file("y.npy")));
  };
  refused(command({"--node", "Z"}), "no ConvTranspose is called 'Z'; there are 'Y'");
  refused(command({"--filter", folder_.file("x.npy")}), "the model holds 'W' itself");
  refused(command({"--bias", folder_.file("x.npy")}), "the model holds 'B' itself");
  refused(command({"--add", folder_.file("x.npy")}), "post-ops");
  refused(command({"f32 nwc ic=1 oc=1 i=1 k=1"}), "no other can be given");
  refused(command({"--random", "1"}), "no other can be given");
  refused({"run", "--node", "Y", "--input", "x", "--output", "y", "f32 nwc ic=1 oc=1 i=1 k=1"},
          "--node goes with --onnx");
  const json wide = {{"shape", {1, 3, 7}}, {"data", std::vector<float>(21)}};
  write("x.npy", wide);
  refused(command(), "W: ");
  const std::int64_t integers[126] = {};
  tools::write_npy(folder_.file("x.npy"), "<i8", {1, 3, 7, 6}, integers, sizeof integers);
  refused(command(), "its type is <i8");
  std::vector<std::string> damaged = command();
  damaged[2] = folder_.file("m.onnx");
  std::ofstream(damaged[2]) << std::ifstream(kModel, std::ios::binary).rdbuf();
  std::filesystem::resize_file(damaged[2], 300);
  refused(damaged, damaged[2] + ": it is not an ONNX model, or damaged or truncated");
}

TEST(ProgramFiles, NeedNeitherOnnxNorProtobuf) {
  for (const char* name : {"tconv", "libtconv.so"}) {
    std::ifstream file(std::string(TCONV_BINARY_DIR "/") + name, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    ASSERT_FALSE(bytes.empty()) << name;
    for (const char* library : {"libprotobuf.so", "libonnx.so", "libonnx_proto.so"})
      EXPECT_EQ(bytes.find(library), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace tconv

// tconv run --keras: the shipped model on NPY files, and what is refused.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/support/cli.h"
#include "tests/support/keras_files.h"

#ifndef TCONV_HAS_HDF5

TEST(CliKeras, NeedsHdf5) {
  GTEST_SKIP() << "built without HDF5 (libhdf5-dev, option TCONV_HDF5) or zlib (zlib1g-dev)";
}

#else

namespace tconv {
namespace {

using nlohmann::json;
using tests::keras_data;
using tests::named;

class CliKeras : public testing::Test {
 protected:
  void SetUp() override { keras::save_npy(named(arrays_, "x"), folder_.file("x.npy")); }
  std::vector<std::string> command(const std::vector<std::string>& more = {},
                                   const std::string& input = "x.npy") {
    std::vector<std::string> all = {"run",
                                    "--keras",
                                    keras_data("upsample.keras"),
                                    "--input",
                                    folder_.file(input),
                                    "--output",
                                    folder_.file("y.npy")};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  void expect_values(const std::string& array) {
    const OwnedTensor y = keras::load_npy(folder_.file("y.npy"));
    const OwnedTensor& expected = named(arrays_, array);
    ASSERT_EQ(y.shape(), expected.shape());
    for (std::size_t i = 0; i < y.as<float>().size(); ++i)
      ASSERT_NEAR(y.as<float>()[i], expected.as<float>()[i],
                  2e-6 * std::max(1.F, std::fabs(expected.as<float>()[i])));
  }
  test::TemporaryFolder folder_;
  const std::vector<keras::NamedTensor> arrays_ = keras::load_npz(keras_data("upsample.npz"));
};

TEST_F(CliKeras, RunsTheLayer) {
  const json report = test::run_json(command({"--layer", "up", "--backend", "interpreter"}));
  EXPECT_EQ(report.at("results").at(0).at("name"), "up");
  EXPECT_EQ(report.at("results").at(0).at("problem"),
            "f32 nhwc n=2 ic=4 oc=6 i=5x6 k=4x4 s=2x2 p=1x1 bias gelu");
  expect_values("up");
  // An activation that is not part of the kernel.
  keras::save_npy(named(arrays_, "up"), folder_.file("up.npy"));
  const test::Finished f =
      test::tconv_cli(command({"--layer", "layers/conv2d_transpose_1"}, "up.npy"));
  EXPECT_EQ(f.status, 0) << f.err;
  EXPECT_EQ(test::last_line(f.out).find("run: wrote " + folder_.file("y.npy")), 0U) << f.out;
  expect_values("head");
}

TEST_F(CliKeras, Refusals) {
  const auto refused = [this](const std::vector<std::string>& arguments, const std::string& words) {
    test::expect_refused(arguments, words);
    EXPECT_FALSE(std::filesystem::exists(folder_.file("y.npy")));
  };
  refused(command(), "one of its layers must be named");
  refused(command({"--layer", "down"}), "no layer is called 'down'");
  refused(command({"--layer", "head"}), "expected axis -1 of input shape to have value 6");
  refused(command({"--layer", "up", "--filter", "w.npy"}), "the model holds its weights itself");
  refused(command({"--layer", "up", "--add", "a.npy"}), "post-ops");
  refused(command({"--layer", "up", "f32 nwc ic=1 oc=1 i=1 k=1"}), "no other can be given");
  refused(command({"--onnx", "m.onnx"}), "run takes one");
  refused(command({"--node", "up"}), "--node goes with --onnx");
  refused(command({"--layer", "up"}, "none.npy"), "none.npy: it cannot be read");
  std::vector<std::string> alone = command({"--layer", "up"});
  alone.erase(alone.begin() + 1, alone.begin() + 3);
  refused(alone, "--layer goes with --keras");
}

}  // namespace
}  // namespace tconv

#endif

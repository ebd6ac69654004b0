// Keras' layers in files: what the real Keras saved is read and runs, what is saved comes back,
// what does not fit is refused by name. Damaged files: keras_damage_test.cpp.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>

#include "runtime/frontends/number_array.h"
#include "tests/support/keras_files.h"

#ifndef TCONV_HAS_HDF5

TEST(KerasFiles, NeedHdf5) {
  GTEST_SKIP() << "built without HDF5 (libhdf5-dev, option TCONV_HDF5) or zlib (zlib1g-dev)";
}

#else

namespace tconv::keras {
namespace {

using tests::bytes_of_file;
using tests::keras_data;
using tests::named;
using tests::Refusal;
using tests::refusal;
using tests::same_bits;
using tests::up_arguments;

void expect_close(const OwnedTensor& y, const OwnedTensor& expected) {
  ASSERT_EQ(y.shape(), expected.shape());
  for (std::size_t i = 0; i < y.as<float>().size(); ++i) {
    const float e = expected.as<float>()[i];
    ASSERT_NEAR(y.as<float>()[i], e, 2e-6 * std::max(1.F, std::fabs(e))) << i;
  }
}

void expect_refused(const Refusal& r, const std::string& argument, const std::string& words) {
  EXPECT_EQ(r.argument, argument) << r.what;
  EXPECT_NE(r.what.find(words), std::string::npos) << r.what;
}

// Numbers of some size in the layer's compute type, by the cast that loading does.
OwnedTensor cast_of(const ConvTransposeLayer& layer, const Dims& sizes) {
  OwnedTensor x(DType::f32, sizes);
  int i = 0;
  for (float& v : x.as<float>()) v = 0.125F * static_cast<float>(i++ * 7 % 23 - 11);
  return frontends::cast(x.view(), layer.compute_dtype());
}
OwnedTensor cast_to_f32(const OwnedTensor& y) {
  return y.dtype() == DType::f64 ? OwnedTensor::copy(y) : frontends::cast(y.view(), DType::f32);
}

class KerasFiles : public testing::Test {
 protected:
  std::string copied(const std::string& name) {
    const std::string to = folder_.file(name);
    std::filesystem::copy_file(keras_data(name), to,
                               std::filesystem::copy_options::overwrite_existing);
    return to;
  }
  test::TemporaryFolder folder_;
  const std::vector<NamedTensor> arrays_ = load_npz(keras_data("upsample.npz"));
};

TEST_F(KerasFiles, LayersOfARealModelRun) {
  const ConvTransposeLayer up = load_layer(keras_data("upsample.keras"), "up"),
                           head = load_layer(keras_data("upsample.keras"),
                                             "layers/conv2d_transpose_1");
  EXPECT_EQ(up.name(), "up");
  EXPECT_EQ(head.name(), "head");
  EXPECT_TRUE(same_bits(up.kernel(), named(arrays_, "up_kernel")));
  EXPECT_TRUE(same_bits(up.bias(), named(arrays_, "up_bias")));
  EXPECT_TRUE(same_bits(head.kernel(), named(arrays_, "head_kernel")));
  const OwnedTensor y = up.call(named(arrays_, "x"));
  expect_close(y, named(arrays_, "up"));
  expect_close(head.call(y), named(arrays_, "head"));
  EXPECT_EQ(*up.get_config().dict()->at("kernel_regularizer").dict()->at("class_name").string(),
            "L2");
}

TEST_F(KerasFiles, WeightsForALayerThatIsThere) {
  for (const char* const file : {"upsample.weights.h5", "upsample.keras", "upsample.h5"}) {
    for (const char* const from : {"", "up"}) {
      Conv2DTranspose layer(up_arguments());
      load_weights(layer, keras_data(file), from);
      EXPECT_TRUE(layer.built());
      EXPECT_TRUE(same_bits(layer.kernel(), named(arrays_, "up_kernel"))) << file;
      EXPECT_TRUE(same_bits(layer.bias(), named(arrays_, "up_bias"))) << file;
    }
  }
  Conv2DTranspose layer(up_arguments());
  load_weights(layer, keras_data("upsample.npz"), "up");
  expect_close(layer.call(named(arrays_, "x")), named(arrays_, "up"));
}

TEST_F(KerasFiles, WhatAModelHolds) {
  const auto text = [](const std::vector<SavedLayer>& layers) {
    std::string out;
    for (const SavedLayer& each : layers)
      out += each.name + " " + each.class_name + " " + each.path + "\n";
    return out;
  };
  EXPECT_EQ(text(saved_layers(keras_data("upsample.keras"))),
            "up Conv2DTranspose layers/conv2d_transpose\n"
            "head Conv2DTranspose layers/conv2d_transpose_1\n");
  EXPECT_EQ(text(saved_layers(keras_data("upsample.weights.h5"))),
            "up  layers/conv2d_transpose\nhead  layers/conv2d_transpose_1\n");
  EXPECT_EQ(text(saved_layers(keras_data("upsample.h5"))),
            "head  model_weights/head/upsample/head\nup  model_weights/up/upsample/up\n");
  expect_refused(refusal([] { (void)saved_layers(keras_data("upsample.npz")); }), "file",
                 "upsample.npz: it has no layers");
}

// Models inside a model, a wrapper, two layers of one name, bfloat16, and no names beside the
// variables.
TEST_F(KerasFiles, LayersByPath) {
  const std::string file = keras_data("nested.keras");
  const std::vector<NamedTensor> kernels = load_npz(keras_data("nested.npz"));
  const std::vector<SavedLayer> layers = saved_layers(file);
  ASSERT_EQ(layers.size(), 4U);
  for (const SavedLayer& each : layers) {
    const ConvTransposeLayer layer = load_layer(file, each.path);
    EXPECT_EQ(layer.name(), each.name);
    EXPECT_TRUE(same_bits(layer.kernel(), named(kernels, each.path))) << each.path;
  }
  EXPECT_EQ(load_layer(file, "narrow").variable_dtype(), DType::bf16);
  EXPECT_FALSE(load_layer(file, "each").use_bias());
  expect_refused(refusal([&] { (void)load_layer(file, "up"); }), "layer",
                 "2 layers are called 'up', a path is needed; its transposed convolutions: 'up' "
                 "(layers/sequential/layers/conv1d_transpose), 'up' "
                 "(layers/sequential_1/layers/conv1d_transpose)");
}

TEST_F(KerasFiles, EveryFileAndTypeGivesBackWhatItGot) {
  for (const char* const dtype :
       {"float32", "float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"}) {
    for (const bool bias : {true, false}) {
      Conv1DTranspose layer(LayerArguments{.filters = 3,
                                           .kernel_size = 4,
                                           .data_format = "channels_first",
                                           .use_bias = bias,
                                           .bias_initializer = "ones",
                                           .name = "a \"b\" \u00e9",
                                           .dtype = dtype});
      layer.build({std::nullopt, 5, std::nullopt});
      for (const char* const end : {"x.npz", "x.npy", "x.weights.h5", "x.keras"}) {
        const std::string file = folder_.file(end);
        if (bias && std::string(end) == "x.npy") {
          expect_refused(refusal([&] { save_weights(layer, file); }), "file",
                         "x.npy: an NPY file is one array");
          EXPECT_FALSE(std::filesystem::exists(file));
          continue;
        }
        save_weights(layer, file);
        save_weights(layer, file);  // in the place of the old one
        Conv1DTranspose other(LayerArguments{.filters = 3,
                                             .kernel_size = 4,
                                             .data_format = "channels_first",
                                             .use_bias = bias,
                                             .dtype = dtype});
        load_weights(other, file);
        EXPECT_TRUE(same_bits(other.kernel(), layer.kernel())) << dtype << end;
        EXPECT_TRUE(!bias || same_bits(other.bias(), layer.bias())) << dtype << end;
        if (std::string(end) != "x.keras") continue;
        const ConvTransposeLayer whole = load_layer(file);
        EXPECT_EQ(dump_json(whole.serialize()), dump_json(layer.serialize()));
        EXPECT_TRUE(same_bits(whole.kernel(), layer.kernel())) << dtype;
      }
      EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}),
                bias ? 3 : 4);  // no file of the way there
      for (const auto& left : std::filesystem::directory_iterator(folder_.path()))
        std::filesystem::remove(left);
    }
  }
}

TEST_F(KerasFiles, TheSameWeightsAreTheSameBytes) {
  const ConvTransposeLayer up = load_layer(keras_data("upsample.keras"), "up");
  for (const char* const end : {"x.npz", "x.weights.h5", "x.keras"}) {
    const std::string file = folder_.file(end);
    save_weights(up, file);
    const std::string bytes = bytes_of_file(file);
    save_weights(up, file);
    EXPECT_EQ(bytes_of_file(file), bytes) << end;
  }
}

TEST_F(KerasFiles, ALayerInsideAModelIsReplaced) {
  Conv2DTranspose layer(up_arguments());
  load_weights(layer, keras_data("upsample.npz"), "up");
  const OwnedTensor kernel(DType::f32, layer.kernel().shape()), bias(DType::f32, {6});
  layer.set_weights({kernel.view(), bias.view()});
  for (const char* const name : {"upsample.keras", "upsample.weights.h5", "upsample.h5"}) {
    const std::string file = copied(name), before = bytes_of_file(file);
    update_weights(layer, file, "up");
    Conv2DTranspose again(up_arguments());
    load_weights(again, file, "up");
    EXPECT_TRUE(same_bits(again.kernel(), kernel)) << name;
    EXPECT_TRUE(same_bits(again.bias(), bias)) << name;
    Conv2DTranspose head(LayerArguments{
        .filters = 2, .kernel_size = Value::List{3, 1}, .use_bias = false, .name = "head"});
    load_weights(head, file);
    EXPECT_TRUE(same_bits(head.kernel(), named(arrays_, "head_kernel"))) << name;
    EXPECT_EQ(bytes_of_file(file).size(), before.size());
    expect_refused(refusal([&] { update_weights(layer, file, "head"); }), "file",
                   "has shape [3, 1, 2, 6]; layer 'up' needs a kernel [4, 4, 6, 4]");
    Conv2DTranspose doubles(
        LayerArguments{.filters = 6, .kernel_size = 4, .name = "up", .dtype = "float64"});
    doubles.build({1, 5, 6, 4});
    expect_refused(refusal([&] { update_weights(doubles, file); }), "file",
                   "is of type float32, the kernel of layer 'up' of float64");
  }
  const std::string file = copied("upsample.npz");
  update_weights(layer, file, "up");
  const std::vector<NamedTensor> all = load_npz(file);
  EXPECT_TRUE(same_bits(named(all, "up_kernel"), kernel));
  EXPECT_TRUE(same_bits(named(all, "head_kernel"), named(arrays_, "head_kernel")));
}

TEST_F(KerasFiles, OtherFloatingTypesAreCast) {
  Conv2DTranspose wide(
      LayerArguments{.filters = 6, .kernel_size = 4, .name = "up", .dtype = "float64"});
  load_weights(wide, keras_data("upsample.weights.h5"));
  EXPECT_EQ(wide.kernel().dtype(), DType::f64);
  EXPECT_EQ(static_cast<const double*>(wide.kernel().data())[0],
            static_cast<double>(named(arrays_, "up_kernel").as<float>()[0]));
}

TEST_F(KerasFiles, WhatDoesNotFitIsNamedAndNothingChanges) {
  const auto said = [](LayerArguments arguments, const std::string& file, const char* from,
                       const char* argument, const std::string& words) {
    for (const bool built : {false, true}) {
      Conv2DTranspose layer(arguments);
      if (built) layer.build({1, 4, 4, layer.name() == "up" ? 4 : 6});
      const std::vector<OwnedTensor> before =
          layer.built() ? layer.get_weights() : std::vector<OwnedTensor>();
      expect_refused(refusal([&] { load_weights(layer, file, from); }), argument, words);
      EXPECT_EQ(layer.built(), built);
      const std::vector<OwnedTensor> after =
          built ? layer.get_weights() : std::vector<OwnedTensor>();
      for (std::size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(same_bits(before[i], after[i]));
    }
  };
  const std::string h5 = keras_data("upsample.weights.h5"), npz = keras_data("upsample.npz");
  LayerArguments wrong = up_arguments();
  wrong.filters = 7;
  said(wrong, h5, "", "file",
       h5 + ": dataset 'layers/conv2d_transpose/vars/0' has shape [4, 4, 6, 4]; layer 'up' needs a "
            "kernel [4, 4, 7, ");
  said(wrong, npz, "up", "file", "array 'up_kernel' has shape [4, 4, 6, 4]");
  LayerArguments bare = up_arguments();
  bare.use_bias = false;
  said(bare, h5, "", "file",
       "it has a bias, dataset 'layers/conv2d_transpose/vars/1'; layer 'up' has none");
  LayerArguments biased = {.filters = 2, .kernel_size = Value::List{3, 1}, .name = "head"};
  said(biased, h5, "", "file", "is no other; layer 'head' needs a bias [2] as well");
  said(up_arguments(), h5, "down", "layer",
       "no layer of it is called 'down'; layers with weights: 'up' (layers/conv2d_transpose), "
       "'head' (layers/conv2d_transpose_1)");
  said(up_arguments(), npz, "", "layer", "layer 'up' needs arrays 'kernel' and 'bias', or 'arr_0'");
  said(up_arguments(), folder_.file("none.h5"), "", "file", "none.h5: it cannot be read: No such");
  said(up_arguments(), folder_.path().string(), "", "file", "it is not a regular file");
  said(up_arguments(), keras_data("make.py"), "", "file", "it is no NPY, NPZ, HDF5 or .keras file");

  const std::string integers = folder_.file("integers.npz");
  const OwnedTensor kernel(DType::i32, {4, 4, 6, 4}), bias(DType::f32, {6});
  save_npz(std::vector<NamedView>{{"kernel", kernel.view()}, {"bias", bias.view()}}, integers);
  said(up_arguments(), integers, "", "file",
       "array 'kernel' is of type int32; layer 'up' needs a kernel [4, 4, 6, ");

  Conv2DTranspose unbuilt(up_arguments());
  expect_refused(refusal([&] { save_weights(unbuilt, folder_.file("x.npz")); }), "layer",
                 "layer 'up' is not built");
  unbuilt.build({1, 4, 4, 3});
  expect_refused(refusal([&] { save_weights(unbuilt, folder_.file("x.h5")); }), "file",
                 "x.h5: its name must end in .npy, .npz, .weights.h5 or .keras");
  expect_refused(refusal([&] { save_weights(unbuilt, folder_.file("no/x.npz")); }), "file",
                 "it cannot be written: No such file or directory");
  expect_refused(refusal([&] { (void)load_layer(h5); }), "file", "it is no .keras file");
  expect_refused(refusal([&] { (void)load_layer(npz); }), "file", "it has no member 'config.json'");
  expect_refused(refusal([&] { (void)load_layer(keras_data("upsample.keras")); }), "layer",
                 "one of its layers must be named");
}

// For tests/keras_reads.py, which has the real Keras read these.
TEST_F(KerasFiles, ForTheRealKeras) {
  const char* const given = std::getenv("TCONV_KERAS_FOLDER");
  const std::string folder = (given == nullptr ? folder_.path().string() : given) + "/";
  const LayerArguments common = {.filters = 3, .kernel_size = 4, .bias_initializer = "ones"};
  const auto save = [&](int rank, const std::string& name, Shape shape, LayerArguments arguments) {
    arguments.name = name;
    ConvTransposeLayer layer(rank, arguments);
    layer.build(shape);
    Dims sizes;
    for (const auto& size : shape) sizes.push_back(size.value_or(3));
    // In the compute type: Keras casts nothing that it is given in another.
    OwnedTensor x = cast_of(layer, sizes);
    const OwnedTensor y = cast_to_f32(layer.call(x));
    save_weights(layer, folder + name + ".keras");
    save_weights(layer, folder + name + ".weights.h5");
    save_weights(layer, folder + name + ".npz");
    save_npz(std::vector<NamedView>{{"x", x.view()}, {"y", y.view()}}, folder + name + ".case.npz");
  };
  LayerArguments a = common;
  a.strides = 2;
  a.padding = "same";
  a.activation = "gelu";
  a.kernel_regularizer = "l2";
  a.kernel_constraint = "max_norm";
  save(2, "image", {std::nullopt, 5, std::nullopt, 2}, a);
  a = common;
  a.use_bias = false;
  a.activation = activations::make("leaky_relu", {{"negative_slope", 0.1}});
  save(1, "signal", {std::nullopt, 9, 2}, a);
  a = common;
  a.kernel_size = Value::List{1, 2, 3};
  a.strides = 3;
  a.output_padding = Value::List{0, 1, 2};
  save(3, "volume", {1, 3, 4, 5, 2}, a);
  for (const char* const dtype :
       {"float64", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16"}) {
    a = common;
    a.dtype = dtype;
    save(2, dtype, {2, 5, 5, 2}, a);
  }
  for (const auto& [name, value] :
       {std::pair{"upsample.keras", 0.5F}, {"upsample.weights.h5", 0.25F}}) {
    std::filesystem::copy_file(keras_data(name), folder + name,
                               std::filesystem::copy_options::overwrite_existing);
    Conv2DTranspose up(up_arguments());
    load_weights(up, folder + name);
    std::vector<OwnedTensor> weights = up.get_weights();
    for (OwnedTensor& weight : weights)
      for (float& v : weight.as<float>()) v = value;
    up.set_weights({weights[0].view(), weights[1].view()});
    update_weights(up, folder + name);
  }
}

TEST_F(KerasFiles, ALinkStaysALinkAndRightsStay) {
  const ConvTransposeLayer up = load_layer(keras_data("upsample.keras"), "up");
  const std::string file = folder_.file("x.npz"), link = folder_.file("link.npz");
  save_weights(up, file);
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  std::filesystem::create_symlink(file, link);
  save_weights(up, link);
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms::owner_read);
}

TEST_F(KerasFiles, ManyThreadsAtOnce) {
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      const std::string file = folder_.file(std::to_string(t) + ".weights.h5");
      for (int i = 0; i < 8; ++i) {
        const ConvTransposeLayer up = load_layer(keras_data("upsample.keras"), "up");
        save_weights(up, file);
        Conv2DTranspose again(up_arguments());
        load_weights(again, file);
        right += same_bits(again.kernel(), named(arrays_, "up_kernel"));
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 64);
}

}  // namespace
}  // namespace tconv::keras

#endif

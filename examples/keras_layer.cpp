// A layer of Keras: made from arguments, built, run, saved, loaded again and compared; then, with
// the folder of a saved model, a layer of that: keras_layer [tests/data/keras].
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>

#include "tconv/keras_files.hpp"

namespace keras = tconv::keras;

namespace {

bool same(const tconv::OwnedTensor& a, const tconv::OwnedTensor& b) {
  return a.bytes() == b.bytes() && std::memcmp(a.data(), b.data(), a.bytes()) == 0;
}

// Whether a layer that went through a file gives the same as before.
bool saves_and_loads(const keras::ConvTransposeLayer& layer, const tconv::OwnedTensor& x) {
  const std::string base = (std::filesystem::temp_directory_path() / "tconv_example_").string() +
                           std::to_string(::getpid());
  const std::string model = base + ".keras", weights = base + ".weights.h5";
  keras::save_weights(layer, model);    // keras.models.load_model reads it
  keras::save_weights(layer, weights);  // and Model.load_weights this
  const keras::ConvTransposeLayer whole = keras::load_layer(model);
  keras::ConvTransposeLayer again = keras::deserialize(layer.serialize());
  keras::load_weights(again, weights);
  std::filesystem::remove(model);
  std::filesystem::remove(weights);
  const tconv::OwnedTensor y = layer.call(x);
  return same(whole.call(x), y) && same(again.call(x), y);
}

// The largest difference to what Keras itself computed.
float difference(const std::string& folder) {
  const keras::ConvTransposeLayer up = keras::load_layer(folder + "/upsample.keras", "up");
  tconv::OwnedTensor x, expected;
  for (keras::NamedTensor& each : keras::load_npz(folder + "/upsample.npz")) {
    if (each.name == "x") x = std::move(each.tensor);
    if (each.name == "up") expected = std::move(each.tensor);
  }
  const tconv::OwnedTensor y = up.call(x);
  float most = 0;
  for (std::size_t i = 0; i < y.as<float>().size(); ++i)
    most = std::fmax(most, std::fabs(y.as<float>()[i] - expected.as<float>()[i]));
  return most;
}

}  // namespace

int main(int argc, char** argv) {
  keras::Conv2DTranspose up(keras::LayerArguments{
      .filters = 8,
      .kernel_size = 4,
      .strides = 2,
      .padding = "same",
      .activation = "gelu",
      .kernel_initializer = keras::initializers::make("HeNormal", {{"seed", 7}}),
      .kernel_regularizer = "l2",
      .name = "up"});
  tconv::OwnedTensor x(tconv::DType::f32, {1, 16, 16, 4});
  for (float& v : x.as<float>()) v = 0.5F;
  const tconv::OwnedTensor y = up(x);  // builds for 4 channels, then runs
  std::printf("%s: %s -> %s, loss %.4f\n", up.name().c_str(), tconv::text(x.shape()).c_str(),
              tconv::text(y.shape()).c_str(), up.losses().front());
  try {
    const bool kept = saves_and_loads(up, x);
    std::printf("saved and loaded it gives %s\n", kept ? "the same" : "something else");
    if (!kept) return 1;
    if (argc < 2) return 0;
    const float most = difference(argv[1]);
    std::printf("layer 'up' of upsample.keras differs from Keras by at most %g\n", most);
    return most < 1e-5F ? 0 : 1;
  } catch (const tconv::Error& e) {  // a tconv without HDF5, or no such model
    std::printf("%s\n", e.what());
    return 77;
  }
}

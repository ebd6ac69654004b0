// A layer of Keras: made from arguments, built, run; then made again from its config and weights.
#include <cstdio>
#include <cstring>

#include "tconv/keras.hpp"

int main() {
  namespace keras = tconv::keras;
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

  const std::string saved = keras::dump_json(up.serialize());  // as in a .keras file
  keras::ConvTransposeLayer again = keras::deserialize(keras::load_json(saved));
  again.set_weights({up.kernel(), up.bias()});
  const tconv::OwnedTensor z = again.call(x);
  const bool same = std::memcmp(y.data(), z.data(), y.bytes()) == 0;
  std::printf("the layer of %zu bytes of JSON gives %s\n", saved.size(),
              same ? "the same" : "something else");
  return same ? 0 : 1;
}

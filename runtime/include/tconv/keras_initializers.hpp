// Keras 3's initializers, by name, by config object, or as a C++ callable. What a name's parameters
// and defaults are is what Keras documents; the distributions are those that Keras computes for the
// same shape, the random numbers themselves are not Keras'.
//
//   zeros zero ones one constant identity random_normal normal random_uniform uniform
//   truncated_normal variance_scaling glorot_uniform glorot_normal he_uniform he_normal
//   lecun_uniform lecun_normal orthogonal stft, and the class names: Zeros ... VarianceScaling
//   OrthogonalInitializer IdentityInitializer STFTInitializer
//
// A fan is counted as in Keras: shape[-2] and shape[-1] times the product of the others. Of the
// kernel of a transposed layer, [k.., filters, in], fan_in is therefore that of `filters`.
//
// Errors are FrontError with the parameter at fault. Objects may be used from many threads at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tconv/call.hpp"
#include "tconv/tensor.hpp"

namespace tconv::frontends {
class InitializerObject;
}

namespace tconv::keras {

// A value that shares its immutable insides.
class TCONV_API Initializer {
 public:
  using Function = std::function<OwnedTensor(const Dims& shape, DType dtype)>;

  Initializer() = default;                           // none: has_value() is false
  Initializer(std::string name, Function function);  // a callable; the name is for serialize()
  explicit Initializer(std::shared_ptr<const frontends::InitializerObject> object);

  bool has_value() const { return object_ != nullptr; }
  // Types: float16, bfloat16, float32, float64; for Zeros, Ones, Constant and Identity int32, too.
  // A seed that is an integer, or none, gives the same numbers on every call; a SeedGenerator's go
  // on.
  OwnedTensor operator()(const Dims& shape, DType dtype = DType::f32) const;
  // {module, class_name, config, registered_name}, or null for none.
  Value serialize() const;
  // What a tensor of this shape is drawn from: {distribution: uniform, minval, maxval}, {normal or
  // truncated_normal, mean, stddev}, {orthogonal, rows, cols, gain, orthonormal}; of variance
  // scaling also fan_in, fan_out, mode, scale. Empty where nothing is random.
  Value::Dict distribution(const Dims& shape) const;

 private:
  std::shared_ptr<const frontends::InitializerObject> object_;
};

namespace initializers {

// Null (none), a name, a config object, or a tensor (whose shape is then the only one allowed).
// `argument` is blamed for what is none of these.
TCONV_API Initializer get(const Value& identifier, std::string_view argument = "identifier");
// By class name or alias with the constructor's parameters by name: make("HeNormal", {{"seed",
// 4}}).
TCONV_API Initializer make(std::string_view class_name, const Value::Dict& parameters = {});
TCONV_API std::vector<std::string> names();  // all that get() knows

}  // namespace initializers
}  // namespace tconv::keras

// Keras 3's activations, by name, by config object, or as a C++ callable:
//
//   celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh
//   leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu sigmoid silu soft_shrink softmax
//   softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink
//   threshold
//
// Parameters and defaults are Keras'. Those that are elementwise run inside the kernel of the layer
// (docs/activations.md says how exact they are); softmax, log_softmax, sparsemax and glu run after
// it, over the last axis unless `axis` says another. Deviation: sparsemax's rows sum to 1 (Keras'
// do not where the support is larger than 1).
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
struct ActivationObject;
}

namespace tconv::keras {

// A value that shares its immutable insides.
class TCONV_API Activation {
 public:
  using Function = std::function<OwnedTensor(const TensorView& x)>;

  Activation() = default;                           // linear
  Activation(std::string name, Function function);  // a callable; the name is for serialize()
  explicit Activation(std::shared_ptr<const frontends::ActivationObject> object);

  bool is_linear() const;
  // As docs/problem.md writes it; empty for what is not part of the kernel.
  const std::string& post_op() const;
  // On a tensor of float16, bfloat16, float32 or float64. `argument` is blamed for x.
  OwnedTensor operator()(const TensorView& x, std::string_view argument = "x",
                         const Options& options = {}) const;
  // The name; a dict for parameters that are not the defaults and for callables.
  Value serialize() const;
  const frontends::ActivationObject* insides() const { return object_.get(); }  // for the layers

 private:
  std::shared_ptr<const frontends::ActivationObject> object_;
};

namespace activations {

// Null (linear), a name, or a config object: {class_name, config, ..} with the name of an
// activation and its parameters, {class_name: "function", config: name}, or the layers ReLU
// LeakyReLU ELU Softmax Activation. `argument` is blamed for what is none of these.
TCONV_API Activation get(const Value& identifier, std::string_view argument = "identifier");
// make("leaky_relu", {{"negative_slope", 0.1}}); names and parameters as above.
TCONV_API Activation make(std::string_view name, const Value::Dict& parameters = {});
TCONV_API std::vector<std::string> names();  // all 32

}  // namespace activations
}  // namespace tconv::keras

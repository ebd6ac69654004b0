// The insides of keras::Activation.
#pragma once

#include <functional>
#include <string>

#include "tconv/keras_activations.hpp"

namespace tconv::frontends {

// One of: nothing (linear), a post-op of the kernel, a function of a number, a function of the
// whole tensor, or an error that the call raises.
struct ActivationObject {
  Value serialized;
  std::string post_op;
  std::function<double(double)> scalar;  // where no post-op has the parameters
  keras::Activation::Function whole;
  std::string error;  // TypeError of every call
};

// Throws TypeError blaming `argument` where every call fails. Null: linear.
void check_callable(const ActivationObject* object, std::string_view argument);
// What runs after the kernel; object.whole or object.scalar is set.
OwnedTensor apply_after(const ActivationObject& object, const TensorView& x);

}  // namespace tconv::frontends

// Keras 3's regularizers, by name, by config object, or as a C++ callable: l1 l2 l1l2
// orthogonal_regularizer regularizer, and the class names L1 L2 L1L2 OrthogonalRegularizer
// Regularizer. Parameters and defaults are Keras'; factors are finite and not negative.
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
class RegularizerObject;
}

namespace tconv::keras {

// A value that shares its immutable insides.
class TCONV_API Regularizer {
 public:
  using Function = std::function<double(const TensorView& x)>;

  Regularizer() = default;                           // none: has_value() is false
  Regularizer(std::string name, Function function);  // a callable; the name is for serialize()
  explicit Regularizer(std::shared_ptr<const frontends::RegularizerObject> object);

  bool has_value() const { return object_ != nullptr; }
  // The loss of a tensor of a floating type, summed in float64.
  double operator()(const TensorView& x) const;
  Value serialize() const;  // {module, class_name, config, registered_name}, or null for none

 private:
  std::shared_ptr<const frontends::RegularizerObject> object_;
};

namespace regularizers {

// Null (none), a name, or a config object. `argument` is blamed for what is none of these.
TCONV_API Regularizer get(const Value& identifier, std::string_view argument = "identifier");
TCONV_API Regularizer make(std::string_view class_name, const Value::Dict& parameters = {});
TCONV_API std::vector<std::string> names();  // all that get() knows

}  // namespace regularizers
}  // namespace tconv::keras

// Keras 3's constraints, by name, by config object, or as a C++ callable: max_norm min_max_norm
// non_neg unit_norm constraint, and the class names MaxNorm MinMaxNorm NonNeg UnitNorm Constraint.
// Parameters and defaults are Keras'. Norms run over `axis` (an integer, a list of them, or null
// for all; negative ones count from the end) and have 1e-7 added where they divide.
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
class ConstraintObject;
}

namespace tconv::keras {

// A value that shares its immutable insides.
class TCONV_API Constraint {
 public:
  using Function = std::function<OwnedTensor(const TensorView& w)>;

  Constraint() = default;                           // none: has_value() is false
  Constraint(std::string name, Function function);  // a callable; the name is for serialize()
  explicit Constraint(std::shared_ptr<const frontends::ConstraintObject> object);

  bool has_value() const { return object_ != nullptr; }
  // The projection of a tensor of a floating type: computed in float64, rounded once.
  OwnedTensor operator()(const TensorView& w) const;
  Value serialize() const;  // {module, class_name, config, registered_name}, or null for none

 private:
  std::shared_ptr<const frontends::ConstraintObject> object_;
};

namespace constraints {

// Null (none), a name, or a config object. `argument` is blamed for what is none of these.
TCONV_API Constraint get(const Value& identifier, std::string_view argument = "identifier");
TCONV_API Constraint make(std::string_view class_name, const Value::Dict& parameters = {});
TCONV_API std::vector<std::string> names();  // all that get() knows

}  // namespace constraints
}  // namespace tconv::keras

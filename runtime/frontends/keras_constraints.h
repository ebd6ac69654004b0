// The insides of tconv::keras::Constraint.
#pragma once

#include "runtime/frontends/keras_config.h"
#include "tconv/keras_constraints.hpp"

namespace tconv::frontends {

inline constexpr std::string_view kConstraints = "keras.constraints";

class ConstraintObject {
 public:
  virtual ~ConstraintObject() = default;
  virtual OwnedTensor projected(const TensorView& w) const = 0;
  virtual Value serialize() const = 0;
};

}  // namespace tconv::frontends

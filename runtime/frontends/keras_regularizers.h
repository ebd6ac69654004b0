// The insides of tconv::keras::Regularizer.
#pragma once

#include "runtime/frontends/keras_config.h"
#include "tconv/keras_regularizers.hpp"

namespace tconv::frontends {

inline constexpr std::string_view kRegularizers = "keras.regularizers";

class RegularizerObject {
 public:
  virtual ~RegularizerObject() = default;
  virtual double loss(const TensorView& x) const = 0;
  virtual Value serialize() const = 0;
};

}  // namespace tconv::frontends

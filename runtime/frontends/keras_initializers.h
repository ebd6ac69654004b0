// The insides of tconv::keras::Initializer.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/frontends/keras_config.h"
#include "tconv/keras_initializers.hpp"

namespace tconv::frontends {

inline constexpr std::string_view kInitializers = "keras.initializers";

class InitializerObject {
 public:
  virtual ~InitializerObject() = default;
  // The shape has no negative size, fewer than 2^63 elements and a type that this initializer
  // makes.
  virtual OwnedTensor values(const Dims& shape, DType dtype) const = 0;
  virtual bool is_random() const { return true; }  // then there are no integers
  virtual Value serialize() const = 0;
  virtual Value::Dict distribution(const Dims& shape) const = 0;
};

using InitializerClass = KerasClass<InitializerObject>;
std::span<const InitializerClass> constant_initializers();  // keras_constant_initializers.cpp
std::span<const InitializerClass> random_initializers();    // keras_random_initializers.cpp

}  // namespace tconv::frontends

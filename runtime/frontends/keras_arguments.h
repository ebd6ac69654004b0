// The constructor's arguments, checked in Keras' order.
#pragma once

#include <string>
#include <vector>

#include "tconv/keras.hpp"

namespace tconv::frontends {

// kernel_size, strides, dilation_rate, output_padding. Keras' constructor lets floats inside a list
// pass: they are found when the layer is built or called.
struct KerasTuple {
  std::vector<double> numbers;
  Value given;  // as a tuple of rank numbers, for get_config
  bool has_float = false;

  std::int64_t operator[](std::size_t axis) const {
    return static_cast<std::int64_t>(numbers[axis]);
  }
};

struct KerasArguments {
  KerasArguments(int rank, const keras::LayerArguments& given);

  int rank;
  Value filters;
  KerasTuple kernel_size, strides, dilation_rate;
  std::optional<KerasTuple> output_padding;
  bool same = false;
  Value padding;  // lower case, or the list that fails in the call
  bool channels_first = false;
  keras::Activation activation;
  bool use_bias = true;
  keras::Initializer kernel_initializer, bias_initializer;
  keras::Regularizer kernel_regularizer, bias_regularizer, activity_regularizer;
  keras::Constraint kernel_constraint, bias_constraint;
  bool trainable = true;
  std::string name, policy;  // policy: float32, mixed_float16, ..
  DType compute = DType::f32, variable = DType::f32;
};

// From names and values, as a config has them; ValueError for a name that is no argument.
keras::LayerArguments layer_arguments(int rank, const Value::Dict& given);

bool is_true(const Value& value);  // as Python counts it

}  // namespace tconv::frontends

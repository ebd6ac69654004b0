// One call of a tf.nn function: its arguments, as far as their kinds are known, and the checks in
// TensorFlow's order. The typed functions (tf.cpp) and the dynamic ones (tf_doors.cpp) both fill in
// a Request; a value of a wrong kind is kept as a sentence until its turn comes, since TensorFlow
// finds some faults of other arguments first.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/frontends/layer.h"
#include "tconv/tf.hpp"

namespace tconv::frontends {

// Why a value is not of the kind that it should be, and what TensorFlow raises for it.
struct WrongKind {
  ErrorKind kind = ErrorKind::type_error;
  std::string what;
};

struct TfInts {
  tf::Ints ints;
  std::optional<WrongKind> wrong;  // one of the elements is no int
  bool truncated = false;          // a float lost its fraction: 1.5 counts as 1
  bool listed = true;              // it has a length: a list, a tensor, even a string
  int axes = 1;                    // of a nested list or a tensor
  bool from_int64 = false;         // a tensor of type int64
};

struct TfPadding {
  tf::Padding padding{"SAME"};
  std::optional<WrongKind> wrong;
};

// What the caller calls the arguments that have two names (v1: value, filter).
struct TfNames {
  std::string_view input = "input", filters = "filters";
};

struct TfRequest {
  int rank = 2;  // spatial axes
  TfNames names;
  TensorView input;
  tf::Filters filters;
  TfInts output_shape, strides, dilations;
  TfPadding padding;
  std::string_view data_format;  // empty: None, the rank's default
};

// The rank that conv_transpose derives from the length of output_shape.
int rank_of_output_shape(const TfInts& output_shape);

// All checks, in TensorFlow's order, and the layer that the request means.
Layer tf_layer(const TfRequest& request);

OwnedTensor run_tf(const TfRequest& request, const Options& options);
// The output's shape is the request's output_shape.
void run_tf(const TfRequest& request, const MutableTensorView& output, const Options& options);

// --- Between the two halves of tf_layer.

// Python's half done: everything in the order of the data format, 1-D with the axis of length 1
// that TensorFlow inserts (so its `rank` is 2).
struct TfOp {
  int rank = 2;
  bool lowered = false;  // from 1-D
  bool channels_first = false;
  Dims strides, dilations;  // rank + 2
  bool same = true, pairs = false;
  std::array<tf::Padding::Pair, 4> explicit_padding{};
  Dims input, filters, output_shape;  // output_shape as given: maybe of 2 values
  std::size_t output_values = 0;      // how many values output_shape has
};

TfOp tf_python_checks(const TfRequest& request);                     // tf_arguments.cpp
void tf_attribute_checks(const TfRequest& request, const TfOp& op);  // tf_attributes.cpp
// tf_shapes.cpp: completes op.output_shape; after it the sizes of the layer are right.
void tf_shape_checks(const TfRequest& request, TfOp& op);

}  // namespace tconv::frontends

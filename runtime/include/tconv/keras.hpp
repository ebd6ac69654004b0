// Keras 3's transposed convolutions as objects: keras.layers.Conv1DTranspose, Conv2DTranspose and
// Conv3DTranspose with every argument of their documentation.
//
//   tconv::keras::Conv2DTranspose up(LayerArguments{.filters = 8, .kernel_size = 4, .strides = 2,
//                                     .padding = "same", .activation = "relu"});
//   OwnedTensor y = up(x);                       // builds the layer for x's channels, then runs
//
// Shapes are Keras': input [n, spatial.., channels] or, with data_format channels_first, [n,
// channels, spatial..]; kernel [kernel_size.., filters, channels]; bias [filters]. Rules and errors
// are those of Keras 3 with TensorFlow: FrontError names the argument. docs/keras.md lists where we
// differ.
//
// A layer owns its weights. Any number of threads may call() one built layer; everything that is
// not const must be alone.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tconv/keras_activations.hpp"
#include "tconv/keras_constraints.hpp"
#include "tconv/keras_initializers.hpp"
#include "tconv/keras_regularizers.hpp"

namespace tconv::frontends {
class KerasLayer;
}

namespace tconv::keras {

// A size that is not known is none.
using Shape = std::vector<std::optional<std::int64_t>>;

// An object, or what the get() of its module takes: null, a name, a config object.
template <class Object>
class Identifier {
 public:
  Identifier() = default;
  Identifier(const char* name) : value_(name) {}             // NOLINT: all implicit
  Identifier(std::string name) : value_(std::move(name)) {}  // NOLINT
  Identifier(Value value) : value_(std::move(value)) {}      // NOLINT
  Identifier(Object object) : object_(std::move(object)) {}  // NOLINT

  const std::optional<Object>& object() const { return object_; }
  const Value& value() const { return value_; }

 private:
  Value value_;
  std::optional<Object> object_;
};

// The constructor's arguments, in Keras' order. Numbers may be one int for all axes or a list.
struct LayerArguments {
  Value filters = {}, kernel_size = {}, strides = 1, padding = "valid", output_padding = {},
        data_format = {}, dilation_rate = 1;
  Identifier<Activation> activation = {};
  Value use_bias = true;  // what Python counts as false switches the bias off
  Identifier<Initializer> kernel_initializer = "glorot_uniform", bias_initializer = "zeros";
  Identifier<Regularizer> kernel_regularizer = {}, bias_regularizer = {}, activity_regularizer = {};
  Identifier<Constraint> kernel_constraint = {}, bias_constraint = {};
  Value trainable = true;
  std::string name = {};  // empty: conv2d_transpose
  Value dtype = {};       // "float32" (null), "float16", "bfloat16", "float64", "mixed_float16",
                          // "mixed_bfloat16", or a DTypePolicy's config object
};

class TCONV_API ConvTransposeLayer {
 public:
  ConvTransposeLayer(int rank, const LayerArguments& arguments);
  // By name, as a config has them; an argument that does not exist is ValueError.
  ConvTransposeLayer(int rank, const Value::Dict& arguments);
  ConvTransposeLayer(ConvTransposeLayer&&) noexcept;
  ConvTransposeLayer& operator=(ConvTransposeLayer&&) noexcept;
  ~ConvTransposeLayer();

  int rank() const;
  const std::string& name() const;
  bool trainable() const;
  bool use_bias() const;
  DType compute_dtype() const;   // of the output
  DType variable_dtype() const;  // of the weights; another one under a mixed policy

  // Makes the weights with the initializers. A layer that is built stays as it is.
  void build(const Shape& input_shape);
  bool built() const;

  // Builds if needed, runs, and notes the activity regularizer's loss. Inputs of another floating
  // type are cast first.
  OwnedTensor operator()(const TensorView& input, const Options& options = {});
  // Of a built layer; leaves losses() alone.
  OwnedTensor call(const TensorView& input, const Options& options = {}) const;
  // Into memory of the caller, of compute_output_shape's shape (glu: of half its last axis) and
  // compute_dtype(). With a float input of that type, dense tensors and an activation that is
  // part of the kernel this is the kernel and less than 2 us.
  void call(const TensorView& input, const MutableTensorView& output,
            const Options& options = {}) const;

  // The operation that call(input) compiles, for a dense input of the compute type. An activation
  // that is not part of the kernel (softmax and the like) runs after it and is not in the line.
  std::string problem_line(const TensorView& input) const;

  // Unknown sizes stay unknown. The rank must be right. As in Keras, glu's halving is not seen.
  Shape compute_output_shape(const Shape& input_shape) const;

  // What Keras adds to a model's loss: the activity regularizer's of the last call, then the
  // kernel's and the bias' of now.
  std::vector<double> losses() const;
  // Projects kernel and bias, as after an optimizer's step.
  void apply_constraints();

  // Of a built layer; the views live until the weights are set.
  TensorView kernel() const;
  TensorView bias() const;  // no value without a bias
  // Kernel, then bias. Another floating type is cast. Wrong counts, shapes and types: FrontError
  // (`weights`), and the layer is as before.
  void set_weights(std::span<const TensorView> weights);
  void set_weights(std::initializer_list<TensorView> weights) {
    set_weights(std::span(weights.begin(), weights.size()));
  }
  std::vector<OwnedTensor> get_weights() const;  // copies

  // What the real Keras writes and reads. JSON text: dump_json(get_config()).
  Value get_config() const;
  // {module, class_name, config, registered_name, build_config}, as in a .keras file.
  Value serialize() const;

  // For weight files: keras_files.hpp.
  const frontends::KerasLayer& insides() const { return *insides_; }
  frontends::KerasLayer& insides() { return *insides_; }

 private:
  std::unique_ptr<frontends::KerasLayer> insides_;
};

class Conv1DTranspose : public ConvTransposeLayer {
 public:
  explicit Conv1DTranspose(const LayerArguments& arguments) : ConvTransposeLayer(1, arguments) {}
  explicit Conv1DTranspose(const Value::Dict& config) : ConvTransposeLayer(1, config) {}
  static Conv1DTranspose from_config(const Value::Dict& config) { return Conv1DTranspose(config); }
};
class Conv2DTranspose : public ConvTransposeLayer {
 public:
  explicit Conv2DTranspose(const LayerArguments& arguments) : ConvTransposeLayer(2, arguments) {}
  explicit Conv2DTranspose(const Value::Dict& config) : ConvTransposeLayer(2, config) {}
  static Conv2DTranspose from_config(const Value::Dict& config) { return Conv2DTranspose(config); }
};
class Conv3DTranspose : public ConvTransposeLayer {
 public:
  explicit Conv3DTranspose(const LayerArguments& arguments) : ConvTransposeLayer(3, arguments) {}
  explicit Conv3DTranspose(const Value::Dict& config) : ConvTransposeLayer(3, config) {}
  static Conv3DTranspose from_config(const Value::Dict& config) { return Conv3DTranspose(config); }
};

// The layer of a config object with class_name Conv1DTranspose, Conv2DTranspose or Conv3DTranspose,
// built where it has a build_config. FrontError (`config`) for others.
TCONV_API ConvTransposeLayer deserialize(const Value& config);

// JSON text. load_json throws FrontError (ValueError, `text`) with the place of the fault.
TCONV_API std::string dump_json(const Value& value);
TCONV_API Value load_json(std::string_view text);

}  // namespace tconv::keras

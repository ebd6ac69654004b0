#include "runtime/frontends/keras_activation.h"

#include <algorithm>

#include "runtime/error.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/keras_config.h"
#include "runtime/frontends/layer.h"
#include "runtime/frontends/number_array.h"

namespace tconv::frontends {
namespace {

// The post-op alone: a convolution of one channel and one tap of weight 1, in stretches of a length
// that is known only when it runs, so that any number of elements takes one compiled kernel.
OwnedTensor run_post_op(const TensorView& x, const std::string& post_op, const Options& options) {
  constexpr std::int64_t kMost = 65536;
  constexpr const char* kTypes[] = {"f16", "bf16", "f32", "f64"};
  const OwnedTensor input = OwnedTensor::copy(x);
  OwnedTensor output = OwnedTensor::uninitialized(x.dtype(), x.shape());
  const auto operation =
      ConvTranspose::create(std::string(kTypes[static_cast<int>(x.dtype())]) +
                                " nwc ic=1 oc=1 i=1.." + std::to_string(kMost) + " k=1 " + post_op,
                            options);
  const OwnedTensor one = from_numbers({1}, x.dtype(), {1, 1, 1});
  std::vector<std::byte> packed(operation.packed_filter_bytes());
  operation.pack(one.data(), packed.data());
  const std::size_t size = bytes(x.dtype());
  for (std::int64_t at = 0; at < x.elements(); at += kMost) {
    const std::int64_t count = std::min(kMost, x.elements() - at);
    const auto first = static_cast<std::size_t>(at) * size;
    const auto length = static_cast<std::size_t>(count) * size;
    operation.run({.input = {static_cast<const char*>(input.data()) + first, length},
                   .packed_filter = {packed.data(), packed.size()},
                   .bias = {},
                   .output = {static_cast<char*>(output.data()) + first, length},
                   .operands = {},
                   .workspace = {},
                   .length = count,
                   .parallel_for = {}});
  }
  return output;
}

const std::string kNoPostOp;

}  // namespace

void check_callable(const ActivationObject* object, std::string_view argument) {
  if (object != nullptr && !object->error.empty())
    type_error(std::string(argument), "{}", object->error);
}

OwnedTensor apply_after(const ActivationObject& object, const TensorView& x) {
  if (object.whole) return object.whole(x);
  std::vector<double> numbers = to_numbers(x);
  for (double& v : numbers) v = object.scalar(v);
  return from_numbers(numbers, x.dtype(), x.shape());
}

}  // namespace tconv::frontends

namespace tconv::keras {

using frontends::ActivationObject;

Activation::Activation(std::string name, Function function) {
  runtime::guarded([&] {
    if (!function) frontends::type_error("function", "a function is needed, got none");
    auto object = std::make_shared<ActivationObject>();
    object->serialized = frontends::serialized_function(name);
    object->whole = std::move(function);
    object_ = std::move(object);
  });
}

Activation::Activation(std::shared_ptr<const ActivationObject> object)
    : object_(std::move(object)) {}

bool Activation::is_linear() const {
  return object_ == nullptr || (object_->post_op.empty() && !object_->scalar && !object_->whole &&
                                object_->error.empty());
}

const std::string& Activation::post_op() const {
  return object_ == nullptr ? frontends::kNoPostOp : object_->post_op;
}

Value Activation::serialize() const {
  return object_ == nullptr ? Value("linear") : object_->serialized;
}

OwnedTensor Activation::operator()(const TensorView& x, std::string_view argument,
                                   const Options& options) const {
  return runtime::guarded([&]() -> OwnedTensor {
    const std::string blamed(argument);
    if (!x.has_value()) frontends::type_error(blamed, "a tensor is needed, got none");
    if (!frontends::is_floating(x.dtype()))
      frontends::type_error(blamed, "a floating type is needed, got {}", name(x.dtype()));
    frontends::check_callable(object_.get(), argument);
    if (is_linear() || x.elements() == 0) {
      if (object_ != nullptr && object_->whole) return object_->whole(x);
      return OwnedTensor::copy(x);
    }
    if (object_->post_op.empty()) return frontends::apply_after(*object_, x);
    return frontends::run_post_op(x, object_->post_op, options);
  });
}

}  // namespace tconv::keras

#include "runtime/frontends/keras_initializers.h"

#include "runtime/error.h"
#include "runtime/frontends/fail.h"

namespace tconv::keras {
namespace {

using frontends::InitializerObject;
using Shared = std::shared_ptr<const InitializerObject>;

class Callable : public InitializerObject {
 public:
  Callable(std::string name, Initializer::Function function)
      : name_(std::move(name)), function_(std::move(function)) {}
  OwnedTensor values(const Dims& shape, DType dtype) const override {
    OwnedTensor made = function_(shape, dtype);
    if (!made.has_value() || made.shape() != shape || made.dtype() != dtype)
      frontends::value_error("initializer", "'{}' made {}{}; {}{} was asked for", name_,
                             tconv::name(made.dtype()), text(made.shape()), tconv::name(dtype),
                             text(shape));
    return made;
  }
  bool is_random() const override { return false; }
  Value serialize() const override { return frontends::serialized_function(name_); }
  Value::Dict distribution(const Dims&) const override { return {}; }

 private:
  std::string name_;
  Initializer::Function function_;
};

// A tensor given in an initializer's place.
Initializer of_tensor(const TensorView& view) {
  const auto kept = std::make_shared<const OwnedTensor>(OwnedTensor::copy(view));
  return Initializer("initialize_fn", [kept](const Dims& shape, DType dtype) {
    if (shape != kept->shape())
      frontends::value_error("shape", "the initializer is a tensor of shape {}, got {}",
                             text(kept->shape()), text(shape));
    if (dtype != kept->dtype())
      frontends::type_error("dtype", "the initializer is a tensor of type {}, got {}",
                            tconv::name(kept->dtype()), tconv::name(dtype));
    return OwnedTensor::copy(kept->view());
  });
}

Shared find(std::string_view name, const Value::Dict& parameters) {
  for (const auto table : {frontends::constant_initializers, frontends::random_initializers}) {
    bool found = false;
    Shared object = frontends::make_object(table(), name, parameters, found);
    if (found) return object;
  }
  return nullptr;
}

}  // namespace

Initializer::Initializer(std::string name, Function function)
    : object_(std::make_shared<Callable>(std::move(name), std::move(function))) {}
Initializer::Initializer(Shared object) : object_(std::move(object)) {}

OwnedTensor Initializer::operator()(const Dims& shape, DType dtype) const {
  return runtime::guarded([&] {
    if (!object_) frontends::type_error("initializer", "there is none to call");
    if (!element_count(shape))
      frontends::value_error("shape", "{} has a negative size or too many elements", text(shape));
    if (!is_computed(dtype) || (dtype == DType::i32 && object_->is_random()))
      frontends::type_error("dtype", "float16, bfloat16, float32, float64{} are allowed, got {}",
                            object_->is_random() ? "" : ", int32", name(dtype));
    return object_->values(shape, dtype);
  });
}

Value Initializer::serialize() const {
  return runtime::guarded([&] { return object_ ? object_->serialize() : Value(); });
}

Value::Dict Initializer::distribution(const Dims& shape) const {
  return runtime::guarded([&] { return object_ ? object_->distribution(shape) : Value::Dict(); });
}

namespace initializers {

std::vector<std::string> names() {
  std::vector<std::string> out = frontends::all_names(frontends::constant_initializers());
  for (std::string& name : frontends::all_names(frontends::random_initializers()))
    out.push_back(std::move(name));
  return out;
}

Initializer get(const Value& identifier, std::string_view argument) {
  return runtime::guarded([&] {
    if (identifier.is_null()) return Initializer();
    if (identifier.tensor() != nullptr) return of_tensor(identifier.tensor()->view);
    const frontends::KerasIdentifier wanted =
        frontends::identify(identifier, frontends::kInitializers, argument);
    // Constant is the one that cannot be made from its name: from_config wants the value.
    if ((wanted.class_name == "Constant" || wanted.class_name == "constant") &&
        !wanted.config.contains("value"))
      frontends::value_error(std::string(argument), "the config of Constant needs a value");
    Shared object = find(wanted.class_name, wanted.config);
    if (!object)
      frontends::unknown_name(argument, frontends::kInitializers, wanted.class_name, names());
    return Initializer(std::move(object));
  });
}

Initializer make(std::string_view class_name, const Value::Dict& parameters) {
  return runtime::guarded([&] {
    Shared object = find(class_name, parameters);
    if (!object)
      frontends::unknown_name("class_name", frontends::kInitializers, std::string(class_name),
                              names());
    return Initializer(std::move(object));
  });
}

}  // namespace initializers
}  // namespace tconv::keras

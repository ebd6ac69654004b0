// keras.initializers.*, keras.regularizers.* and keras.constraints.* by name. `get` takes `name` (a
// name, a config object or null), a class its constructor's parameters; both take what the object
// is called on: `shape` and `dtype`, or `kernel`. The result has `config`, as Keras serializes the
// object, and of the call: `output` and what it was drawn from; `loss`; `output`.
#include <array>
#include <utility>

#include "runtime/frontends/arguments.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/registry.h"
#include "tconv/keras_constraints.hpp"
#include "tconv/keras_initializers.hpp"
#include "tconv/keras_regularizers.hpp"

namespace tconv::frontends {
namespace {

using keras::Constraint;
using keras::Initializer;
using keras::Regularizer;

const Value* find(const Value::Dict& given, std::string_view name) {
  const auto found = given.find(name);
  return found == given.end() ? nullptr : &found->second;
}

TensorView kernel_of(const Value& value) {
  if (value.tensor() == nullptr || !value.tensor()->view.has_value())
    type_error("kernel", "a tensor is needed, got {}", value.text());
  return value.tensor()->view;
}

// What differs between the three kinds.
struct InitializerDoor {
  static constexpr std::string_view kCallArguments[] = {"shape", "dtype"};
  static Initializer get(const Value& name) { return keras::initializers::get(name, "name"); }
  static Initializer make(std::string_view name, const Value::Dict& parameters) {
    return keras::initializers::make(name, parameters);
  }
  static void call(const Initializer& object, const Value::Dict& given, Value::Dict& result) {
    const Value* shape = find(given, "shape");
    if (shape == nullptr) return;
    const auto sizes = integers(*shape);
    if (!sizes || sizes->size() > Dims::kMost)
      type_error("shape", "a list of at most {} integers is needed, got {}", Dims::kMost,
                 shape->text());
    DType dtype = DType::f32;
    if (const Value* name = find(given, "dtype")) {
      if (name->string() == nullptr)
        type_error("dtype", "a type's name is needed, got {}", name->text());
      dtype = dtype_named(*name->string());
    }
    const Dims dims(*sizes);
    result["output"] = object(dims, dtype);
    result.merge(object.distribution(dims));
  }
};

struct RegularizerDoor {
  static constexpr std::string_view kCallArguments[] = {"kernel"};
  static Regularizer get(const Value& name) { return keras::regularizers::get(name, "name"); }
  static Regularizer make(std::string_view name, const Value::Dict& parameters) {
    return keras::regularizers::make(name, parameters);
  }
  static void call(const Regularizer& object, const Value::Dict& given, Value::Dict& result) {
    if (const Value* kernel = find(given, "kernel")) result["loss"] = object(kernel_of(*kernel));
  }
};

struct ConstraintDoor {
  static constexpr std::string_view kCallArguments[] = {"kernel"};
  static Constraint get(const Value& name) { return keras::constraints::get(name, "name"); }
  static Constraint make(std::string_view name, const Value::Dict& parameters) {
    return keras::constraints::make(name, parameters);
  }
  static void call(const Constraint& object, const Value::Dict& given, Value::Dict& result) {
    if (const Value* kernel = find(given, "kernel")) result["output"] = object(kernel_of(*kernel));
  }
};

// `given` without what the call takes.
template <class Door>
Value::Dict parameters_of(const Value::Dict& given) {
  Value::Dict parameters = given;
  for (const std::string_view name : Door::kCallArguments)
    if (const auto found = parameters.find(name); found != parameters.end())
      parameters.erase(found);
  return parameters;
}

template <class Door>
Value get(const Value::Dict& given, const Options&) {
  const Value::Dict parameters = parameters_of<Door>(given);
  for (const auto& [name, value] : parameters)
    if (name != "name") type_error(name, "there is no argument of this name");
  if (parameters.empty()) type_error("name", "the argument is required");
  const auto object = Door::get(parameters.at("name"));
  Value::Dict result = {{"config", object.serialize()}};
  if (object.has_value()) Door::call(object, given, result);
  return result;
}

struct ClassName {
  std::string_view api, class_name;
};
constexpr ClassName kInitializerClasses[] = {
    {"keras.initializers.Zeros", "Zeros"},
    {"keras.initializers.Ones", "Ones"},
    {"keras.initializers.Constant", "Constant"},
    {"keras.initializers.Identity", "Identity"},
    {"keras.initializers.STFT", "STFT"},
    {"keras.initializers.RandomNormal", "RandomNormal"},
    {"keras.initializers.RandomUniform", "RandomUniform"},
    {"keras.initializers.TruncatedNormal", "TruncatedNormal"},
    {"keras.initializers.VarianceScaling", "VarianceScaling"},
    {"keras.initializers.GlorotUniform", "GlorotUniform"},
    {"keras.initializers.GlorotNormal", "GlorotNormal"},
    {"keras.initializers.HeUniform", "HeUniform"},
    {"keras.initializers.HeNormal", "HeNormal"},
    {"keras.initializers.LecunUniform", "LecunUniform"},
    {"keras.initializers.LecunNormal", "LecunNormal"},
    {"keras.initializers.Orthogonal", "Orthogonal"},
};
constexpr ClassName kRegularizerClasses[] = {
    {"keras.regularizers.L1", "L1"},
    {"keras.regularizers.L2", "L2"},
    {"keras.regularizers.L1L2", "L1L2"},
    {"keras.regularizers.OrthogonalRegularizer", "OrthogonalRegularizer"},
};
constexpr ClassName kConstraintClasses[] = {
    {"keras.constraints.MaxNorm", "MaxNorm"},
    {"keras.constraints.MinMaxNorm", "MinMaxNorm"},
    {"keras.constraints.NonNeg", "NonNeg"},
    {"keras.constraints.UnitNorm", "UnitNorm"},
};

template <class Door, const auto& Classes, std::size_t Index>
Value constructor(const Value::Dict& given, const Options&) {
  const auto object = Door::make(Classes[Index].class_name, parameters_of<Door>(given));
  Value::Dict result = {{"config", object.serialize()}};
  Door::call(object, given, result);
  return result;
}

// A function for each class: a door's function is not told by which name it was called.
template <class Door, const auto& Classes, std::size_t... Index>
constexpr auto doors(std::string_view get_name, std::index_sequence<Index...>) {
  return std::array{FrontDoor{get_name, get<Door>},
                    FrontDoor{Classes[Index].api, constructor<Door, Classes, Index>}...};
}

constexpr auto kInitializers = doors<InitializerDoor, kInitializerClasses>(
    "keras.initializers.get", std::make_index_sequence<std::size(kInitializerClasses)>());
constexpr auto kRegularizers = doors<RegularizerDoor, kRegularizerClasses>(
    "keras.regularizers.get", std::make_index_sequence<std::size(kRegularizerClasses)>());
constexpr auto kConstraints = doors<ConstraintDoor, kConstraintClasses>(
    "keras.constraints.get", std::make_index_sequence<std::size(kConstraintClasses)>());

}  // namespace

std::span<const FrontDoor> keras_initializer_doors() { return kInitializers; }
std::span<const FrontDoor> keras_regularizer_doors() { return kRegularizers; }
std::span<const FrontDoor> keras_constraint_doors() { return kConstraints; }

}  // namespace tconv::frontends

#include "runtime/frontends/keras_constraints.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "runtime/error.h"
#include "runtime/frontends/element_values.h"
#include "runtime/frontends/fail.h"

namespace tconv::keras {
namespace {

using frontends::ConstraintObject;
using frontends::KerasConfig;
using Shared = std::shared_ptr<const ConstraintObject>;

constexpr double kEpsilon = 1e-7;  // keras.backend.epsilon()

class Callable : public ConstraintObject {
 public:
  Callable(std::string name, Constraint::Function function)
      : name_(std::move(name)), function_(std::move(function)) {}
  OwnedTensor projected(const TensorView& w) const override {
    OwnedTensor made = function_(w);
    if (!made.has_value() || made.shape() != w.shape() || made.dtype() != w.dtype())
      frontends::value_error("constraint", "'{}' made {}{} of {}{}", name_,
                             tconv::name(made.dtype()), text(made.shape()), tconv::name(w.dtype()),
                             text(w.shape()));
    return made;
  }
  Value serialize() const override { return frontends::serialized_function(name_); }

 private:
  std::string name_;
  Constraint::Function function_;
};

class BuiltIn : public ConstraintObject {
 public:
  BuiltIn(std::string_view class_name, Value::Dict config)
      : class_name_(class_name), config_(std::move(config)) {}
  OwnedTensor projected(const TensorView& w) const override {
    std::vector<double> values = frontends::floating_values(w, "kernel");
    project(values, w.shape());
    return frontends::tensor_of(w.dtype(), w.shape(), values);
  }
  Value serialize() const override {
    return frontends::serialized(frontends::kConstraints, class_name_, config_);
  }

 protected:
  virtual void project(std::vector<double>& values, const Dims& shape) const = 0;

 private:
  std::string class_name_;
  Value::Dict config_;
};

class Unchanged : public BuiltIn {
 public:
  using BuiltIn::BuiltIn;

 protected:
  void project(std::vector<double>&, const Dims&) const override {}
};

class NonNeg : public BuiltIn {
 public:
  using BuiltIn::BuiltIn;

 protected:
  void project(std::vector<double>& values, const Dims&) const override {
    for (double& value : values)
      if (value < 0) value = 0;  // NaN stays
  }
};

// Which axes the norms run over; none given: all.
struct Axes {
  std::optional<std::vector<std::int64_t>> given;

  std::array<bool, Dims::kMost> of(const Dims& shape) const {
    std::array<bool, Dims::kMost> summed{};
    if (!given) summed.fill(true);
    const auto rank = static_cast<std::int64_t>(shape.size());
    for (std::int64_t axis : given.value_or(std::vector<std::int64_t>())) {
      if (axis < -rank || axis >= rank)
        frontends::invalid_argument("axis", "shape {} has no axis {}", text(shape), axis);
      bool& chosen = summed[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)];
      if (chosen) frontends::invalid_argument("axis", "axis {} is named twice", axis);
      chosen = true;
    }
    return summed;
  }
};

// MaxNorm, MinMaxNorm and UnitNorm: each vector along the axes is multiplied by one factor.
class Norm : public BuiltIn {
 public:
  // From a norm to what the vector is multiplied by.
  using Factor = std::function<double(double norm)>;
  Norm(std::string_view class_name, Value::Dict config, Axes axes, Factor factor)
      : BuiltIn(class_name, std::move(config)),
        axes_(std::move(axes)),
        factor_(std::move(factor)) {}

 protected:
  void project(std::vector<double>& values, const Dims& shape) const override {
    const std::array<bool, Dims::kMost> summed = axes_.of(shape);
    // Where the elements' norms are: strides of a tensor whose summed axes have length 1.
    std::array<std::size_t, Dims::kMost> strides{};
    std::size_t norms = 1;
    for (std::size_t a = shape.size(); a-- > 0;)
      if (!summed[a]) {
        strides[a] = norms;
        norms *= static_cast<std::size_t>(shape[a]);
      }
    std::vector<double> squares(norms);
    for_each(values, shape, strides,
             [&](double& value, std::size_t norm) { squares[norm] += value * value; });
    for (double& square : squares) square = factor_(std::sqrt(square));
    for_each(values, shape, strides,
             [&](double& value, std::size_t norm) { value *= squares[norm]; });
  }

 private:
  template <class Visit>
  static void for_each(std::vector<double>& values, const Dims& shape,
                       const std::array<std::size_t, Dims::kMost>& strides, Visit visit) {
    std::array<std::int64_t, Dims::kMost> index{};
    for (double& value : values) {
      std::size_t at = 0;
      for (std::size_t a = 0; a < shape.size(); ++a)
        at += static_cast<std::size_t>(index[a]) * strides[a];
      visit(value, at);
      for (std::size_t a = shape.size(); a-- > 0 && ++index[a] == shape[a];) index[a] = 0;
    }
  }

  Axes axes_;
  Factor factor_;
};

Axes take_axes(KerasConfig& config, Value& as_given) {
  as_given = config.has("axis") ? config.take("axis") : Value(0);
  if (as_given.is_null()) return {};
  if (as_given.integer() != nullptr) return {std::vector{*as_given.integer()}};
  std::vector<std::int64_t> axes;
  if (as_given.list() == nullptr)
    frontends::type_error("axis", "an axis, a list of them or null is needed, got {}",
                          as_given.text());
  for (const Value& axis : *as_given.list()) {
    if (axis.integer() == nullptr)
      frontends::type_error("axis", "axes are integers, got {}", as_given.text());
    axes.push_back(*axis.integer());
  }
  return {axes};
}

// A limit, and the value as it was given.
double limit(KerasConfig& config, const char* name, const Value& otherwise, Value& as_given) {
  as_given = config.has(name) ? config.take(name) : otherwise;
  return config.number(name, *frontends::number_of(otherwise));
}

Shared make_max_norm(std::string_view class_name, KerasConfig& config) {
  Value axis, most;
  const double max = limit(config, "max_value", 2, most);
  Axes axes = take_axes(config, axis);
  return std::make_shared<Norm>(
      class_name, Value::Dict{{"max_value", most}, {"axis", axis}}, std::move(axes),
      [max](double norm) { return std::clamp(norm, 0.0, std::max(max, 0.0)) / (kEpsilon + norm); });
}

Shared make_min_max_norm(std::string_view class_name, KerasConfig& config) {
  Value axis, least, most, part;
  const double min = limit(config, "min_value", 0.0, least);
  const double max = limit(config, "max_value", 1.0, most);
  const double rate = limit(config, "rate", 1.0, part);
  if (max < min)
    frontends::value_error("max_value", "it must not be below min_value={}, got {}", min, max);
  Axes axes = take_axes(config, axis);
  return std::make_shared<Norm>(
      class_name,
      Value::Dict{{"min_value", least}, {"max_value", most}, {"rate", part}, {"axis", axis}},
      std::move(axes), [min, max, rate](double norm) {
        return (rate * std::clamp(norm, min, max) + (1 - rate) * norm) / (kEpsilon + norm);
      });
}

Shared make_unit_norm(std::string_view class_name, KerasConfig& config) {
  Value axis;
  Axes axes = take_axes(config, axis);
  return std::make_shared<Norm>(class_name, Value::Dict{{"axis", axis}}, std::move(axes),
                                [](double norm) { return 1 / (kEpsilon + norm); });
}

Shared make_non_neg(std::string_view class_name, KerasConfig&) {
  return std::make_shared<NonNeg>(class_name, Value::Dict());
}

Shared make_unchanged(std::string_view class_name, KerasConfig&) {
  return std::make_shared<Unchanged>(class_name, Value::Dict());
}

using Class = frontends::KerasClass<ConstraintObject>;

std::span<const Class> classes() {
  static const Class all[] = {
      {{"MaxNorm", "max_norm"}, make_max_norm},
      {{"MinMaxNorm", "min_max_norm"}, make_min_max_norm},
      {{"NonNeg", "non_neg"}, make_non_neg},
      {{"UnitNorm", "unit_norm"}, make_unit_norm},
      {{"Constraint", "constraint"}, make_unchanged},
  };
  return all;
}

}  // namespace

Constraint::Constraint(std::string name, Function function)
    : object_(std::make_shared<Callable>(std::move(name), std::move(function))) {}
Constraint::Constraint(Shared object) : object_(std::move(object)) {}

OwnedTensor Constraint::operator()(const TensorView& w) const {
  return runtime::guarded([&] {
    if (!object_) frontends::type_error("constraint", "there is none to call");
    return object_->projected(w);
  });
}

Value Constraint::serialize() const {
  return runtime::guarded([&] { return object_ ? object_->serialize() : Value(); });
}

namespace constraints {

std::vector<std::string> names() { return frontends::all_names(classes()); }

Constraint get(const Value& identifier, std::string_view argument) {
  return runtime::guarded([&] {
    if (identifier.is_null()) return Constraint();
    const frontends::KerasIdentifier wanted =
        frontends::identify(identifier, frontends::kConstraints, argument);
    bool found = false;
    Shared object = frontends::make_object(classes(), wanted.class_name, wanted.config, found);
    if (!found)
      frontends::unknown_name(argument, frontends::kConstraints, wanted.class_name, names());
    return Constraint(std::move(object));
  });
}

Constraint make(std::string_view class_name, const Value::Dict& parameters) {
  return runtime::guarded([&] {
    bool found = false;
    Shared object = frontends::make_object(classes(), class_name, parameters, found);
    if (!found)
      frontends::unknown_name("class_name", frontends::kConstraints, std::string(class_name),
                              names());
    return Constraint(std::move(object));
  });
}

}  // namespace constraints
}  // namespace tconv::keras

#include "runtime/frontends/keras_regularizers.h"

#include <cmath>

#include "runtime/error.h"
#include "runtime/frontends/element_values.h"
#include "runtime/frontends/fail.h"

namespace tconv::keras {
namespace {

using frontends::KerasConfig;
using frontends::RegularizerObject;
using Shared = std::shared_ptr<const RegularizerObject>;

class Callable : public RegularizerObject {
 public:
  Callable(std::string name, Regularizer::Function function)
      : name_(std::move(name)), function_(std::move(function)) {}
  double loss(const TensorView& x) const override { return function_(x); }
  Value serialize() const override { return frontends::serialized_function(name_); }

 private:
  std::string name_;
  Regularizer::Function function_;
};

// L1, L2, L1L2 and Regularizer, whose loss is 0.
class Norms : public RegularizerObject {
 public:
  Norms(std::string_view class_name, Value::Dict config, double l1, double l2)
      : class_name_(class_name), config_(std::move(config)), l1_(l1), l2_(l2) {}
  double loss(const TensorView& x) const override {
    double sizes = 0, squares = 0;
    for (double value : frontends::floating_values(x, "kernel")) {
      sizes += std::fabs(value);
      squares += value * value;
    }
    return (l1_ == 0 ? 0 : l1_ * sizes) + (l2_ == 0 ? 0 : l2_ * squares);
  }
  Value serialize() const override {
    return frontends::serialized(frontends::kRegularizers, class_name_, config_);
  }

 private:
  std::string class_name_;
  Value::Dict config_;
  double l1_, l2_;
};

// Half the factor times the mean size of the dot products of different rows (or columns), each of
// length 1.
class OrthogonalRegularizer : public RegularizerObject {
 public:
  OrthogonalRegularizer(double factor, std::string mode)
      : factor_(factor), mode_(std::move(mode)) {}
  double loss(const TensorView& x) const override {
    if (x.rank() != 2)
      frontends::value_error("kernel", "two axes are needed, got {}", text(x.shape()));
    const bool rows = mode_ == "rows";
    const auto vectors = static_cast<std::size_t>(x.shape()[rows ? 0 : 1]);
    const auto length = static_cast<std::size_t>(x.shape()[rows ? 1 : 0]);
    if (vectors < 2)
      frontends::value_error("kernel", "two {} are needed at least, got {}", mode_,
                             text(x.shape()));
    std::vector<double> w = frontends::floating_values(x, "kernel");
    const auto at = [&](std::size_t vector, std::size_t e) -> double& {
      return w[rows ? vector * length + e : e * vectors + vector];
    };
    for (std::size_t v = 0; v < vectors; ++v) {
      double squares = 0;
      for (std::size_t e = 0; e < length; ++e) squares += at(v, e) * at(v, e);
      const double norm = squares == 0 ? 1 : std::sqrt(squares);
      for (std::size_t e = 0; e < length; ++e) at(v, e) /= norm;
    }
    double sum = 0;  // of each pair once
    for (std::size_t v = 0; v < vectors; ++v)
      for (std::size_t u = 0; u < v; ++u) {
        double dot = 0;
        for (std::size_t e = 0; e < length; ++e) dot += at(v, e) * at(u, e);
        sum += std::fabs(dot);
      }
    const auto count = static_cast<double>(vectors);
    return factor_ * sum / (count * (count - 1) / 2);
  }
  Value serialize() const override {
    return frontends::serialized(frontends::kRegularizers, "OrthogonalRegularizer",
                                 {{"factor", factor_}, {"mode", mode_}});
  }

 private:
  double factor_;
  std::string mode_;
};

// Null is the default, too; the value must be a finite number that is not negative.
double factor(KerasConfig& config, const char* name, double otherwise) {
  const Value& given = config.take(name);
  if (given.is_null()) return otherwise;
  const auto number = frontends::number_of(given);
  if (!number || !std::isfinite(*number) || *number < 0)
    frontends::value_error(name, "a finite number, 0 or more, is needed, got {}", given.text());
  return *number;
}

// Keras keeps some factors as float32.
double as_float(double value) { return static_cast<double>(static_cast<float>(value)); }

Shared make_l1(std::string_view class_name, KerasConfig& config) {
  const double l1 = as_float(factor(config, "l1", 0.01));
  return std::make_shared<Norms>(class_name, Value::Dict{{"l1", l1}}, l1, 0);
}

Shared make_l2(std::string_view class_name, KerasConfig& config) {
  const double l2 = factor(config, "l2", 0.01);
  return std::make_shared<Norms>(class_name, Value::Dict{{"l2", l2}}, 0, l2);
}

Shared make_l1l2(std::string_view class_name, KerasConfig& config) {
  const double l1 = factor(config, "l1", 0), l2 = factor(config, "l2", 0);
  return std::make_shared<Norms>(class_name, Value::Dict{{"l1", l1}, {"l2", l2}}, l1, l2);
}

Shared make_none(std::string_view class_name, KerasConfig&) {
  return std::make_shared<Norms>(class_name, Value::Dict(), 0, 0);
}

Shared make_orthogonal(std::string_view, KerasConfig& config) {
  const double number = as_float(factor(config, "factor", 0.01));
  std::string mode = config.string("mode", "rows");
  if (mode != "rows" && mode != "columns")
    frontends::value_error("mode", "rows and columns are allowed, got '{}'", mode);
  return std::make_shared<OrthogonalRegularizer>(number, std::move(mode));
}

using Class = frontends::KerasClass<RegularizerObject>;

std::span<const Class> classes() {
  static const Class all[] = {
      {{"L1", "l1"}, make_l1},
      {{"L2", "l2"}, make_l2},
      {{"L1L2", "l1l2"}, make_l1l2},
      {{"OrthogonalRegularizer", "orthogonal_regularizer"}, make_orthogonal},
      {{"Regularizer", "regularizer"}, make_none},
  };
  return all;
}

}  // namespace

Regularizer::Regularizer(std::string name, Function function)
    : object_(std::make_shared<Callable>(std::move(name), std::move(function))) {}
Regularizer::Regularizer(Shared object) : object_(std::move(object)) {}

double Regularizer::operator()(const TensorView& x) const {
  return runtime::guarded([&] {
    if (!object_) frontends::type_error("regularizer", "there is none to call");
    return object_->loss(x);
  });
}

Value Regularizer::serialize() const {
  return runtime::guarded([&] { return object_ ? object_->serialize() : Value(); });
}

namespace regularizers {

std::vector<std::string> names() { return frontends::all_names(classes()); }

Regularizer get(const Value& identifier, std::string_view argument) {
  return runtime::guarded([&] {
    if (identifier.is_null()) return Regularizer();
    const frontends::KerasIdentifier wanted =
        frontends::identify(identifier, frontends::kRegularizers, argument);
    bool found = false;
    Shared object = frontends::make_object(classes(), wanted.class_name, wanted.config, found);
    if (!found)
      frontends::unknown_name(argument, frontends::kRegularizers, wanted.class_name, names());
    return Regularizer(std::move(object));
  });
}

Regularizer make(std::string_view class_name, const Value::Dict& parameters) {
  return runtime::guarded([&] {
    bool found = false;
    Shared object = frontends::make_object(classes(), class_name, parameters, found);
    if (!found)
      frontends::unknown_name("class_name", frontends::kRegularizers, std::string(class_name),
                              names());
    return Regularizer(std::move(object));
  });
}

}  // namespace regularizers
}  // namespace tconv::keras

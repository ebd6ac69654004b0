// RandomNormal, TruncatedNormal, RandomUniform, Orthogonal, VarianceScaling and the six that are
// named after people. Numbers are drawn in float64 and rounded once.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <random>

#include "runtime/frontends/element_values.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/keras_initializers.h"
#include "runtime/frontends/random_stream.h"

namespace tconv::frontends {
namespace {

using Made = std::shared_ptr<const InitializerObject>;

// An integer, nothing (then one is drawn now), or a SeedGenerator's config, whose calls go on.
class Seed {
 public:
  explicit Seed(KerasConfig& config) : given_(config.take("seed")) {
    if (given_.is_null()) {
      std::random_device device;
      seed_ = device();
    } else if (given_.integer() != nullptr) {
      seed_ = static_cast<std::uint64_t>(*given_.integer());
    } else if (given_.dict() != nullptr) {
      const KerasIdentifier generator = identify(given_, "keras.random", "seed");
      const auto seed = generator.config.find("seed");
      if (generator.class_name != "SeedGenerator" || seed == generator.config.end() ||
          seed->second.integer() == nullptr)
        value_error("seed", "a SeedGenerator with an integer is needed, got {}", given_.text());
      seed_ = static_cast<std::uint64_t>(*seed->second.integer());
      generates_ = true;
    } else {
      value_error("seed", "an integer, null or a SeedGenerator is needed, got {}", given_.text());
    }
  }
  RandomStream stream() const { return {seed_, generates_ ? calls_++ : 0}; }
  const Value& given() const { return given_; }

 private:
  Value given_;
  std::uint64_t seed_ = 0;
  bool generates_ = false;
  mutable std::atomic<std::uint64_t> calls_{0};
};

struct Distribution {
  enum class Kind { uniform, normal, truncated_normal } kind;
  double a, b;  // lower and upper limit; mean and standard deviation

  double draw(RandomStream& stream) const {
    switch (kind) {
      case Kind::uniform:
        return a + (b - a) * stream.uniform();
      case Kind::normal:
        return a + b * stream.normal();
      default:
        return a + b * stream.truncated_normal();
    }
  }
  Value::Dict described() const {
    if (kind == Kind::uniform) return {{"distribution", "uniform"}, {"minval", a}, {"maxval", b}};
    return {{"distribution", kind == Kind::normal ? "normal" : "truncated_normal"},
            {"mean", a},
            {"stddev", b}};
  }
};

class Random : public InitializerObject {
 public:
  Random(std::string_view class_name, Value::Dict config, KerasConfig& from)
      : class_name_(class_name), config_(std::move(config)), seed_(from) {
    config_["seed"] = seed_.given();
  }
  OwnedTensor values(const Dims& shape, DType dtype) const override {
    const Distribution from = distribution_for(shape);
    RandomStream stream = seed_.stream();
    std::vector<double> out(static_cast<std::size_t>(*element_count(shape)));
    for (double& value : out) {
      value = from.draw(stream);
      // The upper limit is not part of the interval: rounding must not make it so.
      while (from.kind == Distribution::Kind::uniform && from.a < from.b &&
             rounded(dtype, value) >= from.b && rounded(dtype, from.a) < from.b)
        value = from.draw(stream);
    }
    return tensor_of(dtype, shape, out);
  }
  Value serialize() const override { return serialized(kInitializers, class_name_, config_); }
  Value::Dict distribution(const Dims& shape) const override {
    return distribution_for(shape).described();
  }

 protected:
  virtual Distribution distribution_for(const Dims& shape) const = 0;
  const Seed& seed() const { return seed_; }

 private:
  std::string class_name_;
  Value::Dict config_;
  Seed seed_;
};

class OfOne : public Random {
 public:
  OfOne(std::string_view class_name, Value::Dict config, KerasConfig& from, Distribution of)
      : Random(class_name, std::move(config), from), of_(of) {}

 protected:
  Distribution distribution_for(const Dims&) const override { return of_; }

 private:
  Distribution of_;
};

struct Scaling {
  double scale;
  std::string mode, distribution;
  std::optional<std::vector<std::int64_t>> input_axes, output_axes;
};

double product(const Dims& shape, const std::vector<std::int64_t>& axes, const char* argument) {
  double out = 1;
  for (std::int64_t axis : axes) {
    const std::int64_t rank = static_cast<std::int64_t>(shape.size());
    if (axis < -rank || axis >= rank)
      value_error(argument, "shape {} has no axis {}", text(shape), axis);
    out *= static_cast<double>(shape[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)]);
  }
  return out;
}

struct Fans {
  double in = 1, out = 1;
};

Fans fans_of(const Dims& shape, const Scaling& scaling) {
  if (scaling.input_axes && scaling.output_axes)
    return {product(shape, *scaling.input_axes, "input_axes"),
            product(shape, *scaling.output_axes, "output_axes")};
  if (shape.empty()) return {};
  if (shape.size() == 1) return {static_cast<double>(shape[0]), static_cast<double>(shape[0])};
  double field = 1;
  for (std::size_t a = 0; a + 2 < shape.size(); ++a) field *= static_cast<double>(shape[a]);
  return {static_cast<double>(shape[shape.size() - 2]) * field,
          static_cast<double>(shape.back()) * field};
}

class VarianceScaling : public Random {
 public:
  VarianceScaling(std::string_view class_name, Value::Dict config, KerasConfig& from,
                  Scaling scaling)
      : Random(class_name, std::move(config), from), scaling_(std::move(scaling)) {}

  Value::Dict distribution(const Dims& shape) const override {
    Value::Dict out = Random::distribution(shape);
    const Fans fans = fans_of(shape, scaling_);
    out["fan_in"] = static_cast<std::int64_t>(fans.in);
    out["fan_out"] = static_cast<std::int64_t>(fans.out);
    out["mode"] = scaling_.mode;
    out["scale"] = scaling_.scale;
    return out;
  }

 protected:
  Distribution distribution_for(const Dims& shape) const override {
    using Kind = Distribution::Kind;
    const Fans fans = fans_of(shape, scaling_);
    const double fan = scaling_.mode == "fan_in"    ? fans.in
                       : scaling_.mode == "fan_out" ? fans.out
                                                    : (fans.in + fans.out) / 2;
    const double variance = scaling_.scale / std::max(1.0, fan);
    if (scaling_.distribution == "uniform") {
      const double limit = std::sqrt(3 * variance);
      return {Kind::uniform, -limit, limit};
    }
    if (scaling_.distribution == "untruncated_normal")
      return {Kind::normal, 0, std::sqrt(variance)};
    // What is left after the cut has the standard deviation that was asked for.
    return {Kind::truncated_normal, 0, std::sqrt(variance) / 0.87962566103423978};
  }

 private:
  Scaling scaling_;
};

class Orthogonal : public Random {
 public:
  Orthogonal(std::string_view class_name, Value::Dict config, KerasConfig& from, double gain)
      : Random(class_name, std::move(config), from), gain_(gain) {}

  OwnedTensor values(const Dims& shape, DType dtype) const override {
    const auto [rows, columns] = matrix(shape);
    const std::size_t vectors = std::min(rows, columns), length = std::max(rows, columns);
    const std::vector<std::vector<double>> q = orthonormal(vectors, length);
    std::vector<double> out(rows * columns);
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < columns; ++c)
        out[r * columns + c] = gain_ * (rows >= columns ? q[c][r] : q[r][c]);
    return tensor_of(dtype, shape, out);
  }

  Value::Dict distribution(const Dims& shape) const override {
    const auto [rows, columns] = matrix(shape);
    return {{"distribution", "orthogonal"},
            {"rows", static_cast<std::int64_t>(rows)},
            {"cols", static_cast<std::int64_t>(columns)},
            {"gain", gain_},
            {"orthonormal", rows >= columns ? "columns" : "rows"}};
  }

 protected:
  Distribution distribution_for(const Dims&) const override {
    return {Distribution::Kind::normal, 0, 1};
  }

 private:
  static std::pair<std::size_t, std::size_t> matrix(const Dims& shape) {
    if (shape.size() < 2) value_error("shape", "at least two axes are needed, got {}", text(shape));
    const Dims front(shape.span().first(shape.size() - 1));
    const auto rows = element_count(front);
    if (!rows) value_error("shape", "{} has too many rows", text(shape));
    return {static_cast<std::size_t>(*rows), static_cast<std::size_t>(shape.back())};
  }

  // Gram and Schmidt on normal vectors, each made orthogonal twice, which keeps the accuracy of the
  // first dot product. The triangular factor has a positive diagonal, so q is uniform.
  std::vector<std::vector<double>> orthonormal(std::size_t vectors, std::size_t length) const {
    RandomStream stream = seed().stream();
    std::vector<std::vector<double>> q;
    while (q.size() < vectors) {
      std::vector<double> v(length);
      for (double& value : v) value = stream.normal();
      for (int round = 0; round < 2; ++round)
        for (const std::vector<double>& other : q) {
          const double dot = std::inner_product(v.begin(), v.end(), other.begin(), 0.0);
          for (std::size_t x = 0; x < length; ++x) v[x] -= dot * other[x];
        }
      const double norm = std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
      if (norm < 1e-8) continue;  // in the span of the others: another one is drawn
      for (double& value : v) value /= norm;
      q.push_back(std::move(v));
    }
    return q;
  }

  double gain_;
};

Made make_normal(std::string_view class_name, KerasConfig& config) {
  const double mean = config.number("mean", 0.0), stddev = config.number("stddev", 0.05);
  if (stddev < 0) value_error("stddev", "it must not be negative, got {}", stddev);
  const bool cut = class_name == "TruncatedNormal";
  return std::make_shared<OfOne>(
      class_name,
      Value::Dict{{"mean", config.as_given("mean", mean)},
                  {"stddev", config.as_given("stddev", stddev)}},
      config,
      Distribution{cut ? Distribution::Kind::truncated_normal : Distribution::Kind::normal, mean,
                   stddev});
}

Made make_uniform(std::string_view class_name, KerasConfig& config) {
  const double low = config.number("minval", -0.05), high = config.number("maxval", 0.05);
  return std::make_shared<OfOne>(class_name,
                                 Value::Dict{{"minval", config.as_given("minval", low)},
                                             {"maxval", config.as_given("maxval", high)}},
                                 config, Distribution{Distribution::Kind::uniform, low, high});
}

Made make_orthogonal(std::string_view class_name, KerasConfig& config) {
  const double gain = config.number("gain", 1.0);
  return std::make_shared<Orthogonal>(
      class_name, Value::Dict{{"gain", config.as_given("gain", gain)}}, config, gain);
}

std::optional<std::vector<std::int64_t>> take_axes(KerasConfig& config, const char* name) {
  const Value& given = config.take(name);
  if (given.is_null()) return std::nullopt;
  if (given.list() == nullptr) type_error(name, "a list of axes is needed, got {}", given.text());
  std::vector<std::int64_t> axes;
  for (const Value& axis : *given.list()) {
    if (axis.integer() == nullptr)
      type_error(name, "a list of axes is needed, got {}", given.text());
    axes.push_back(*axis.integer());
  }
  return axes;
}

Value::Dict take_both_axes(KerasConfig& config, Scaling& scaling) {
  scaling.input_axes = take_axes(config, "input_axes");
  scaling.output_axes = take_axes(config, "output_axes");
  return {{"input_axes", config.take("input_axes")}, {"output_axes", config.take("output_axes")}};
}

Made make_variance_scaling(std::string_view class_name, KerasConfig& config) {
  Scaling scaling{config.number("scale", 1.0),
                  config.string("mode", "fan_in"),
                  config.string("distribution", "truncated_normal"),
                  {},
                  {}};
  if (scaling.scale <= 0) value_error("scale", "it must be positive, got {}", scaling.scale);
  if (scaling.mode != "fan_in" && scaling.mode != "fan_out" && scaling.mode != "fan_avg")
    value_error("mode", "fan_in fan_out fan_avg are allowed, got '{}'", scaling.mode);
  for (char& c : scaling.distribution)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (scaling.distribution == "normal") scaling.distribution = "truncated_normal";
  if (scaling.distribution != "uniform" && scaling.distribution != "truncated_normal" &&
      scaling.distribution != "untruncated_normal")
    value_error("distribution",
                "truncated_normal (or normal) untruncated_normal uniform are allowed, got '{}'",
                scaling.distribution);
  Value::Dict out = take_both_axes(config, scaling);
  out["scale"] = config.as_given("scale", scaling.scale);
  out["mode"] = scaling.mode;
  out["distribution"] = scaling.distribution;
  return std::make_shared<VarianceScaling>(class_name, std::move(out), config, std::move(scaling));
}

// GlorotUniform and the like: variance scaling whose numbers the name says.
Made make_named(std::string_view class_name, KerasConfig& config) {
  const bool glorot = class_name.starts_with("Glorot"), he = class_name.starts_with("He");
  Scaling scaling{he ? 2.0 : 1.0,
                  glorot ? "fan_avg" : "fan_in",
                  class_name.ends_with("Uniform") ? "uniform" : "truncated_normal",
                  {},
                  {}};
  Value::Dict out = take_both_axes(config, scaling);
  return std::make_shared<VarianceScaling>(class_name, std::move(out), config, std::move(scaling));
}

}  // namespace

std::span<const InitializerClass> random_initializers() {
  static const InitializerClass classes[] = {
      {{"RandomNormal", "random_normal", "normal"}, make_normal},
      {{"TruncatedNormal", "truncated_normal"}, make_normal},
      {{"RandomUniform", "random_uniform", "uniform"}, make_uniform},
      {{"Orthogonal", "orthogonal", "OrthogonalInitializer"}, make_orthogonal},
      {{"VarianceScaling", "variance_scaling"}, make_variance_scaling},
      {{"GlorotUniform", "glorot_uniform"}, make_named},
      {{"GlorotNormal", "glorot_normal"}, make_named},
      {{"HeUniform", "he_uniform"}, make_named},
      {{"HeNormal", "he_normal"}, make_named},
      {{"LecunUniform", "lecun_uniform"}, make_named},
      {{"LecunNormal", "lecun_normal"}, make_named},
  };
  return classes;
}

}  // namespace tconv::frontends

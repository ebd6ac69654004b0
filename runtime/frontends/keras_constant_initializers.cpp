// Initializers that draw nothing: Zeros, Ones, Constant, Identity, STFT; and Initializer itself,
// which a name can make and nobody can call.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "runtime/frontends/element_values.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/keras_initializers.h"

namespace tconv::frontends {
namespace {

using Made = std::shared_ptr<const InitializerObject>;

std::size_t count_of(const Dims& shape) { return static_cast<std::size_t>(*element_count(shape)); }

class Fixed : public InitializerObject {
 public:
  Fixed(std::string_view class_name, Value::Dict config)
      : class_name_(class_name), config_(std::move(config)) {}
  bool is_random() const override { return false; }
  Value serialize() const override { return serialized(kInitializers, class_name_, config_); }
  Value::Dict distribution(const Dims&) const override { return {}; }

 private:
  std::string class_name_;
  Value::Dict config_;
};

void check_holds(DType dtype, double value) {
  if (dtype == DType::i32 && (value != std::trunc(value) || std::fabs(value) > 0x7fffffff))
    type_error("dtype", "int32 does not hold {}", value);
}

class Constant : public Fixed {
 public:
  Constant(std::string_view class_name, Value::Dict config, double value)
      : Fixed(class_name, std::move(config)), value_(value) {}
  OwnedTensor values(const Dims& shape, DType dtype) const override {
    check_holds(dtype, value_);
    return tensor_of(dtype, shape, std::vector<double>(count_of(shape), value_));
  }

 private:
  double value_;
};

class Identity : public Fixed {
 public:
  Identity(std::string_view class_name, double gain)
      : Fixed(class_name, config_of(gain)), gain_(gain) {}
  OwnedTensor values(const Dims& shape, DType dtype) const override {
    if (shape.size() != 2) value_error("shape", "two axes are needed, got {}", text(shape));
    check_holds(dtype, gain_);
    std::vector<double> out(count_of(shape));
    for (std::int64_t x = 0; x < std::min(shape[0], shape[1]); ++x)
      out[static_cast<std::size_t>(x * shape[1] + x)] = gain_;
    return tensor_of(dtype, shape, out);
  }

 private:
  // Keras' own config is empty and loses the gain; it reads this one.
  static Value::Dict config_of(double gain) {
    return gain == 1 ? Value::Dict() : Value::Dict{{"gain", gain}};
  }
  double gain_;
};

// Keras leaves the call to subclasses.
class Abstract : public Fixed {
 public:
  using Fixed::Fixed;
  OwnedTensor values(const Dims&, DType) const override {
    unimplemented("name", "Initializer is what initializers are made from; it cannot be called");
  }
};

// Of scipy.signal.get_window, symmetric or periodic.
std::vector<double> window_values(const std::string& window, std::int64_t length, bool periodic) {
  std::vector<double> cosines;  // a0 - a1 cos(x) + a2 cos(2x)
  if (window == "hann") {
    cosines = {0.5, 0.5, 0};
  } else if (window == "hamming") {
    cosines = {0.54, 0.46, 0};
  } else if (window == "blackman") {
    cosines = {0.42, 0.5, 0.08};
  } else if (window == "boxcar" || window == "rectangular") {
    cosines = {1, 0, 0};
  } else {
    unimplemented("window", "hann hamming blackman boxcar, null or a list are there, got '{}'",
                  window);
  }
  std::vector<double> out(static_cast<std::size_t>(length), 1.0);
  const auto steps = static_cast<double>(periodic ? length : length - 1);
  for (std::size_t x = 0; x < out.size() && length > 1; ++x) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(x) / steps;
    out[x] = cosines[0] - cosines[1] * std::cos(angle) + cosines[2] * std::cos(2 * angle);
  }
  return out;
}

class Stft : public Fixed {
 public:
  Stft(Value::Dict config, bool imaginary, std::optional<std::string> window,
       std::vector<double> own_window, std::string scaling, bool periodic)
      : Fixed("STFT", std::move(config)),
        imaginary_(imaginary),
        window_(std::move(window)),
        own_window_(std::move(own_window)),
        scaling_(std::move(scaling)),
        periodic_(periodic) {}

  OwnedTensor values(const Dims& shape, DType dtype) const override {
    if (shape.size() != 3 || shape[1] != 1)
      value_error("shape", "[frame_length, 1, fft_length] is needed, got {}", text(shape));
    if (dtype == DType::i32) type_error("dtype", "STFT makes no int32");
    const std::int64_t frames = shape[0], bins = shape[2];
    const std::vector<double> window = window_of(frames);
    const double scale = scale_of(window);
    std::vector<double> out;
    out.reserve(count_of(shape));
    for (std::int64_t t = 0; t < frames; ++t)
      for (std::int64_t f = 0; f < bins; ++f) {
        // With one bin Keras divides 0 by 0.
        const double turn =
            bins == 1 ? 0 : static_cast<double>(f) / static_cast<double>(2 * (bins - 1));
        const double angle = -2 * std::numbers::pi * static_cast<double>(t) * turn;
        const double wave = imaginary_ ? std::sin(angle) : std::cos(angle);
        out.push_back(wave * window[static_cast<std::size_t>(t)] / scale);
      }
    return tensor_of(dtype, shape, out);
  }

 private:
  bool has_window() const { return window_.has_value() || !own_window_.empty(); }
  std::vector<double> window_of(std::int64_t frames) const {
    if (window_) return window_values(*window_, frames, periodic_);
    if (own_window_.empty()) return std::vector<double>(static_cast<std::size_t>(frames), 1.0);
    if (static_cast<std::int64_t>(own_window_.size()) != frames)
      value_error("window", "{} numbers are needed, got {}", frames, own_window_.size());
    return own_window_;
  }
  double scale_of(const std::vector<double>& window) const {
    double squares = 0, sizes = 0;
    for (double value : window) {
      squares += value * value;
      sizes += std::fabs(value);
    }
    const double scale = !has_window() || scaling_.empty() ? 1
                         : scaling_ == "density"           ? std::sqrt(squares)
                                                           : sizes;
    if (scale == 0 && !window.empty()) value_error("window", "it is 0 everywhere");
    return scale;
  }

  bool imaginary_;
  std::optional<std::string> window_;
  std::vector<double> own_window_;
  std::string scaling_;  // empty: none
  bool periodic_;
};

Made make_fixed(std::string_view class_name, KerasConfig&) {
  return std::make_shared<Constant>(class_name, Value::Dict(), class_name == "Ones" ? 1.0 : 0.0);
}

Made make_constant(std::string_view class_name, KerasConfig& config) {
  const Value& given = config.take("value");
  const Value value = config.has("value") ? given : Value(0.0);
  const auto number = number_of(value);  // infinities and NaN are values like others
  if (!number) type_error("value", "a number is needed, got {}", value.text());
  return std::make_shared<Constant>(class_name, Value::Dict{{"value", value}}, *number);
}

Made make_identity(std::string_view class_name, KerasConfig& config) {
  return std::make_shared<Identity>(class_name, config.number("gain", 1.0));
}

Made make_abstract(std::string_view class_name, KerasConfig&) {
  return std::make_shared<Abstract>(class_name, Value::Dict());
}

Made make_stft(std::string_view, KerasConfig& config) {
  const std::string side = config.string("side", "real");
  if (side != "real" && side != "imag")
    value_error("side", "real and imag are allowed, got '{}'", side);
  const Value& given_scaling = config.take("scaling");
  std::string scaling = !config.has("scaling")    ? "density"
                        : given_scaling.is_null() ? ""
                                                  : config.string("scaling", "");
  if (!scaling.empty() && scaling != "density" && scaling != "spectrum")
    value_error("scaling", "density, spectrum and null are allowed, got '{}'", scaling);
  const Value& window = config.take("window");
  std::optional<std::string> named;
  std::vector<double> own;
  if (!config.has("window")) {
    named = "hann";
  } else if (window.string() != nullptr) {
    named = *window.string();
    window_values(*named, 1, false);  // refuses unknown names now
  } else if (window.list() != nullptr) {
    for (const Value& element : *window.list()) {
      const auto number = number_of(element);
      if (!number) type_error("window", "numbers are needed, got {}", window.text());
      own.push_back(*number);
    }
  } else if (!window.is_null()) {
    type_error("window", "a name, null or a list of numbers is needed, got {}", window.text());
  }
  const Value& given_periodic = config.take("periodic");
  const bool periodic = given_periodic.boolean() != nullptr && *given_periodic.boolean();
  if (config.has("periodic") && given_periodic.boolean() == nullptr)
    type_error("periodic", "true or false is needed, got {}", given_periodic.text());
  Value::Dict out = {{"side", side},
                     {"window", named ? Value(*named) : window},
                     {"periodic", periodic},
                     {"scaling", scaling.empty() ? Value() : Value(scaling)}};
  return std::make_shared<Stft>(std::move(out), side == "imag", std::move(named), std::move(own),
                                std::move(scaling), periodic);
}

}  // namespace

std::span<const InitializerClass> constant_initializers() {
  static const InitializerClass classes[] = {
      {{"Zeros", "zeros", "zero"}, make_fixed},
      {{"Ones", "ones", "one"}, make_fixed},
      {{"Constant", "constant"}, make_constant},
      {{"Identity", "identity", "IdentityInitializer"}, make_identity},
      {{"STFT", "stft", "STFTInitializer"}, make_stft},
      {{"Initializer", "initializer"}, make_abstract},
  };
  return classes;
}

}  // namespace tconv::frontends

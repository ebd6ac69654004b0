// What Keras' initializers, regularizers and constraints share: identifiers, and the parameters of
// a constructor.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>

#include "tconv/call.hpp"

namespace tconv::frontends {

// The arguments of a constructor, each taken once. Throws FrontError naming the parameter.
class KerasConfig {
 public:
  explicit KerasConfig(const Value::Dict& given) : given_(&given) {}

  bool has(std::string_view name) const { return given_->contains(name); }
  // Null where it was not given.
  const Value& take(std::string_view name);
  // A finite number; `otherwise` where it was not given.
  double number(std::string_view name, double otherwise);
  // The number for a config: as it was given, since Keras keeps 3 apart from 3.0.
  Value as_given(std::string_view name, double otherwise) {
    return has(name) ? take(name) : Value(otherwise);
  }
  std::string string(std::string_view name, const std::string& otherwise);
  // TypeError for an argument that was given and not taken.
  void done() const;

 private:
  const Value::Dict* given_;
  std::set<std::string, std::less<>> taken_;
};

// A number as Python has it, an int or a float; null where the value is neither.
std::optional<double> number_of(const Value& value);

struct KerasIdentifier {
  std::string class_name;
  Value::Dict config;
};

// A name, or {class_name, config, ..} of that module ("keras.initializers"). Throws ValueError
// blaming `argument`.
KerasIdentifier identify(const Value& identifier, std::string_view module,
                         std::string_view argument);

// {module, class_name, config, registered_name}, as Keras serializes its own objects.
Value serialized(std::string_view module, std::string_view class_name, Value::Dict config);
// The same of a function of the user's.
Value serialized_function(const std::string& name);

// Names of a class, its own first; `make` builds it.
template <class Object>
struct KerasClass {
  std::vector<std::string_view> names;
  std::shared_ptr<const Object> (*make)(std::string_view class_name, KerasConfig& config);
};

template <class Object>
std::shared_ptr<const Object> make_object(std::span<const KerasClass<Object>> classes,
                                          std::string_view name, const Value::Dict& parameters,
                                          bool& found) {
  found = false;
  for (const KerasClass<Object>& c : classes)
    for (const std::string_view known : c.names)
      if (known == name) {
        found = true;
        KerasConfig config(parameters);
        auto object = c.make(c.names.front(), config);
        config.done();
        return object;
      }
  return nullptr;
}

// All names of a module, for messages and names().
template <class Object>
std::vector<std::string> all_names(std::span<const KerasClass<Object>> classes) {
  std::vector<std::string> out;
  for (const KerasClass<Object>& c : classes) out.insert(out.end(), c.names.begin(), c.names.end());
  return out;
}

[[noreturn]] void unknown_name(std::string_view argument, std::string_view module,
                               const std::string& given, const std::vector<std::string>& known);

}  // namespace tconv::frontends

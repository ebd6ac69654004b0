#include "runtime/frontends/keras_config.h"

#include <cmath>

#include "runtime/frontends/fail.h"

namespace tconv::frontends {
namespace {

std::string without_source_folder(std::string module) {  // as older files have it: keras.src.X.Y
  constexpr std::string_view kSource = "keras.src.";
  if (!module.starts_with(kSource)) return module;
  module = "keras." + module.substr(kSource.size());
  const std::size_t dot = module.find('.', std::string_view("keras.").size());
  return module.substr(0, dot);
}

}  // namespace

const Value& KerasConfig::take(std::string_view name) {
  static const Value null;
  taken_.emplace(name);
  const auto found = given_->find(name);
  return found == given_->end() ? null : found->second;
}

double KerasConfig::number(std::string_view name, double otherwise) {
  const Value& value = take(name);
  if (!has(name)) return otherwise;
  const auto given = number_of(value);
  if (!given) type_error(std::string(name), "a number is needed, got {}", value.text());
  if (!std::isfinite(*given))
    value_error(std::string(name), "a finite number is needed, got {}", value.text());
  return *given;
}

std::string KerasConfig::string(std::string_view name, const std::string& otherwise) {
  const Value& value = take(name);
  if (!has(name)) return otherwise;
  if (value.string() == nullptr)
    type_error(std::string(name), "a string is needed, got {}", value.text());
  return *value.string();
}

void KerasConfig::done() const {
  for (const auto& [name, value] : *given_)
    if (!taken_.contains(name)) {
      std::string known;
      for (const std::string& other : taken_) known += (known.empty() ? "" : " ") + other;
      type_error(name, "there is no parameter of this name; there are {}",
                 known.empty() ? "none" : known);
    }
}

std::optional<double> number_of(const Value& value) {
  if (value.integer() != nullptr) return static_cast<double>(*value.integer());
  if (value.number() != nullptr) return *value.number();
  return std::nullopt;
}

KerasIdentifier identify(const Value& identifier, std::string_view module,
                         std::string_view argument) {
  if (identifier.string() != nullptr) return {*identifier.string(), {}};
  const std::string blamed(argument);
  if (identifier.dict() == nullptr)
    value_error(blamed, "a name or a config object of {} is needed, got {}", module,
                identifier.text());
  const auto field = [&identifier](std::string_view name) -> const Value* {
    const auto found = identifier.dict()->find(name);
    return found == identifier.dict()->end() || found->second.is_null() ? nullptr : &found->second;
  };
  const Value* const class_name = field("class_name");
  if (class_name == nullptr || class_name->string() == nullptr)
    value_error(blamed, "the config object has no class_name, got {}", identifier.text());
  if (const Value* given = field("module");
      given != nullptr &&
      (given->string() == nullptr || without_source_folder(*given->string()) != module))
    value_error(blamed, "the config object is of module {}, not of {}", given->text(), module);
  KerasIdentifier out = {*class_name->string(), {}};
  if (const Value* registered = field("registered_name");
      registered != nullptr &&
      (registered->string() == nullptr || *registered->string() != out.class_name))
    value_error(blamed, "{} is a class of somebody's own", registered->text());
  if (const Value* config = field("config")) {
    if (config->dict() == nullptr)
      value_error(blamed, "the config must be a dict, got {}", config->text());
    out.config = *config->dict();
  }
  return out;
}

Value serialized(std::string_view module, std::string_view class_name, Value::Dict config) {
  return Value::Dict{{"module", std::string(module)},
                     {"class_name", std::string(class_name)},
                     {"config", std::move(config)},
                     {"registered_name", nullptr}};
}

Value serialized_function(const std::string& name) {
  return Value::Dict{{"module", "builtins"},
                     {"class_name", "function"},
                     {"config", name},
                     {"registered_name", "function"}};
}

void unknown_name(std::string_view argument, std::string_view module, const std::string& given,
                  const std::vector<std::string>& known) {
  std::string all;
  for (const std::string& name : known) all += ' ' + name;
  value_error(std::string(argument), "{} has no '{}'; it has{}", module, given.substr(0, 80), all);
}

}  // namespace tconv::frontends

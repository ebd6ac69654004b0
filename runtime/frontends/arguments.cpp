#include "runtime/frontends/arguments.h"

#include <algorithm>
#include <cstring>

#include "runtime/frontends/fail.h"

namespace tconv::frontends {

Arguments::Arguments(const Value::Dict& given, std::span<const Parameter> parameters)
    : given_(&given) {
  for (const auto& [name, value] : given) {
    const auto is_it = [&name = name](const Parameter& p) { return p.name == name; };
    if (name == "positional" || std::any_of(parameters.begin(), parameters.end(), is_it)) continue;
    std::string known;
    for (const Parameter& p : parameters) known += (known.empty() ? "" : " ") + std::string(p.name);
    type_error(name, "there is no argument of this name; there are {}", known);
  }
  for (const Parameter& p : parameters)
    if (p.required && !has(p.name)) type_error(std::string(p.name), "the argument is required");
}

const Value& Arguments::operator[](std::string_view name) const {
  static const Value null;
  const auto found = given_->find(name);
  return found == given_->end() ? null : found->second;
}

const TensorValue& Arguments::tensor(std::string_view name, ErrorKind null_kind) const {
  const Value& value = (*this)[name];
  if (value.is_null()) fail(null_kind, std::string(name), "a tensor is needed, got null");
  const TensorValue* tensor = value.tensor();
  if (tensor == nullptr || !tensor->view.has_value())
    type_error(std::string(name), "a tensor is needed, got {}", value.text());
  return *tensor;
}

TensorView Arguments::optional_tensor(std::string_view name) const {
  return (*this)[name].is_null() ? TensorView() : tensor(name).view;
}

std::optional<std::string> Arguments::optional_string(std::string_view name) const {
  const Value& value = (*this)[name];
  if (value.is_null()) return std::nullopt;
  if (value.string() == nullptr)
    type_error(std::string(name), "a string is needed, got {}", value.text());
  return *value.string();
}

std::optional<std::vector<std::int64_t>> integers(const Value& value, std::size_t most) {
  std::vector<std::int64_t> r;
  if (const Value::List* list = value.list()) {
    if (list->size() > most) return std::nullopt;
    for (const Value& element : *list) {
      if (element.integer() == nullptr) return std::nullopt;
      r.push_back(*element.integer());
    }
    return r;
  }
  const TensorValue* tensor = value.tensor();
  if (tensor == nullptr || tensor->view.rank() != 1) return std::nullopt;
  const TensorView& view = tensor->view;
  const bool wide = view.dtype() == DType::i64;
  if ((!wide && view.dtype() != DType::i32) || view.elements() > static_cast<std::int64_t>(most))
    return std::nullopt;
  const auto* data = static_cast<const char*>(view.data());
  for (std::int64_t x = 0; x < view.elements(); ++x) {
    const char* at = data + x * view.strides()[0] * static_cast<std::int64_t>(bytes(view.dtype()));
    std::int64_t value64 = 0;
    std::int32_t value32 = 0;
    wide ? std::memcpy(&value64, at, 8) : std::memcpy(&value32, at, 4);
    r.push_back(wide ? value64 : value32);
  }
  return r;
}

}  // namespace tconv::frontends

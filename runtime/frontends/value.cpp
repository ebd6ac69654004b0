#include <fmt/format.h>

#include "tconv/call.hpp"

namespace tconv {
namespace {

constexpr std::size_t kMostText = 80;

void write(const Value& value, std::string& out) {
  if (out.size() > kMostText) return;  // deep and long values cost no more than they show
  if (value.is_null()) {
    out += "null";
  } else if (const bool* b = value.boolean()) {
    out += *b ? "true" : "false";
  } else if (const std::int64_t* i = value.integer()) {
    out += std::to_string(*i);
  } else if (const double* d = value.number()) {
    out += fmt::format("{}", *d);
    if (out.find_first_of(".einf", out.size() - fmt::formatted_size("{}", *d)) == std::string::npos)
      out += ".0";
  } else if (const std::string* s = value.string()) {
    out += '"' + s->substr(0, kMostText) + '"';
  } else if (const Value::List* list = value.list()) {
    out += '[';
    const char* comma = "";
    for (const Value& element : *list) {
      out += comma;
      comma = ", ";
      write(element, out);
      if (out.size() > kMostText) return;
    }
    out += ']';
  } else if (const Value::Dict* dict = value.dict()) {
    out += '{';
    const char* comma = "";
    for (const auto& [key, element] : *dict) {
      out += comma + ('"' + key.substr(0, kMostText)) + "\": ";
      comma = ", ";
      write(element, out);
      if (out.size() > kMostText) return;
    }
    out += '}';
  } else if (const TensorValue* tensor = value.tensor()) {
    out += std::string(name(tensor->view.dtype())) + tconv::text(tensor->view.shape());
  }
}

}  // namespace

Value::Value(OwnedTensor tensor) {
  auto owner = std::make_shared<OwnedTensor>(std::move(tensor));
  TensorView view = owner->view();
  value_ = TensorValue{view, std::move(owner)};
}

Value Value::list(std::span<const std::int64_t> values) {
  return List(values.begin(), values.end());
}

std::string Value::text() const {
  std::string r;
  write(*this, r);
  if (r.size() > kMostText) r = r.substr(0, kMostText) + "...";
  return r;
}

std::string_view Value::kind() const {
  constexpr std::string_view kinds[] = {"null",   "bool", "int",  "float",
                                        "string", "list", "dict", "tensor"};
  static_assert(std::size(kinds) == std::variant_size_v<decltype(value_)>);
  return kinds[value_.index()];
}

}  // namespace tconv

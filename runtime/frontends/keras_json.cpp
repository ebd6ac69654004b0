// JSON text of values.
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "runtime/error.h"
#include "runtime/frontends/fail.h"
#include "tconv/keras.hpp"

namespace tconv::keras {
namespace {

using Json = nlohmann::json;
constexpr int kDeepest = 64;

Json to_json(const Value& value, int depth) {
  if (depth > kDeepest)
    frontends::value_error("value", "it is nested deeper than {} levels", kDeepest);
  if (value.boolean() != nullptr) return *value.boolean();
  if (value.integer() != nullptr) return *value.integer();
  if (value.number() != nullptr) {
    if (!std::isfinite(*value.number()))
      frontends::value_error("value", "JSON has no {}", *value.number());
    return *value.number();
  }
  if (value.string() != nullptr) return *value.string();
  if (value.list() != nullptr) {
    Json out = Json::array();
    for (const Value& element : *value.list()) out.push_back(to_json(element, depth + 1));
    return out;
  }
  if (value.dict() != nullptr) {
    Json out = Json::object();
    for (const auto& [key, element] : *value.dict()) out[key] = to_json(element, depth + 1);
    return out;
  }
  if (value.tensor() != nullptr) frontends::type_error("value", "a tensor is no JSON");
  return nullptr;
}

Value from_json(const Json& json, int depth) {
  if (depth > kDeepest)
    frontends::value_error("text", "it is nested deeper than {} levels", kDeepest);
  switch (json.type()) {
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_integer:
      return json.get<std::int64_t>();
    case Json::value_t::number_unsigned: {
      const auto number = json.get<std::uint64_t>();
      if (number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return static_cast<double>(number);
      return static_cast<std::int64_t>(number);
    }
    case Json::value_t::number_float:
      return json.get<double>();
    case Json::value_t::string:
      return json.get<std::string>();
    case Json::value_t::array: {
      Value::List out;
      for (const Json& element : json) out.push_back(from_json(element, depth + 1));
      return out;
    }
    case Json::value_t::object: {
      Value::Dict out;
      for (const auto& [key, element] : json.items()) out[key] = from_json(element, depth + 1);
      return out;
    }
    default:
      return nullptr;
  }
}

}  // namespace

std::string dump_json(const Value& value) {
  return runtime::guarded([&] { return to_json(value, 0).dump(2); });
}

Value load_json(std::string_view text) {
  return runtime::guarded([&] {
    // The parser's own stack is its heap; its depth is bounded before the copy recurses.
    int depth = 0, deepest = 0;
    for (const char c : text) {
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
      deepest = std::max(deepest, depth);
    }
    if (deepest > 1000)
      frontends::value_error("text", "it is nested deeper than {} levels", kDeepest);
    try {
      return from_json(Json::parse(text), 0);
    } catch (const Json::exception& e) {
      frontends::value_error("text", "{}", e.what());
    }
  });
}

}  // namespace tconv::keras

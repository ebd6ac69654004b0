#include "tools/conformance/keras_objects.h"

#include <cmath>

namespace tconv::tools::conformance {
namespace {

double number(const Value::Dict& result, const char* name) {
  const Value& value = result.at(name);
  return value.number() != nullptr ? *value.number() : static_cast<double>(*value.integer());
}

std::vector<double> elements_of(const Value::Dict& result) {
  const OwnedTensor dense = OwnedTensor::copy(result.at("output").tensor()->view);
  std::vector<double> out;
  for (std::int64_t x = 0; x < dense.elements(); ++x) out.push_back(element(dense.view(), x));
  return out;
}

bool is_in_range(const Value::Dict& result) {
  const bool uniform = *result.at("distribution").string() == "uniform";
  const double middle = uniform ? 0 : number(result, "mean");
  const double reach = uniform ? 0 : 2 * number(result, "stddev");
  const double low = uniform ? number(result, "minval") : middle - reach;
  const double high = uniform ? number(result, "maxval") : middle + reach;
  const double rounding = 1e-6 * std::max(std::fabs(low), std::fabs(high));
  for (double value : elements_of(result))
    if (!(value >= low - rounding && value <= high + rounding)) return false;
  return true;
}

// Rows or columns of length `gain`, orthogonal to one another.
bool is_orthogonal(const Value::Dict& result) {
  const std::vector<double> w = elements_of(result);
  const auto rows = static_cast<std::size_t>(number(result, "rows"));
  const auto columns = static_cast<std::size_t>(number(result, "cols"));
  const bool by_rows = *result.at("orthonormal").string() == "rows";
  const double square = number(result, "gain") * number(result, "gain");
  const std::size_t vectors = by_rows ? rows : columns, length = by_rows ? columns : rows;
  if (w.size() != rows * columns) return false;
  for (std::size_t v = 0; v < vectors; ++v)
    for (std::size_t u = 0; u <= v; ++u) {
      double dot = 0;
      for (std::size_t e = 0; e < length; ++e)
        dot += by_rows ? w[v * columns + e] * w[u * columns + e]
                       : w[e * columns + v] * w[e * columns + u];
      if (std::fabs(dot - (u == v ? square : 0)) > 1e-5 * square) return false;
    }
  return true;
}

}  // namespace

void complete_keras_object(const Json&, Value::Dict& arguments) {
  arguments.erase("object");  // the api says it
  const auto node = arguments.extract("kwargs");
  if (node.empty()) return;
  if (node.mapped().dict() == nullptr) throw Damaged("kwargs must be an object");
  for (const auto& [name, value] : *node.mapped().dict()) arguments[name] = value;
}

void examine_sample(const Json& json, Value& result) {
  const Json& expect = json.at("expect");
  if (result.dict() == nullptr || !result.dict()->contains("distribution")) return;
  Value::Dict fields = *result.dict();
  if (expect.contains("sample_in_range")) fields["sample_in_range"] = is_in_range(fields);
  if (expect.contains("property")) {
    fields["property"] = *fields.at("distribution").string();
    fields["holds"] = is_orthogonal(fields);
  }
  result = Value(std::move(fields));
}

}  // namespace tconv::tools::conformance

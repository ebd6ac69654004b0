#include "tools/conformance/expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tconv::tools::conformance {
namespace {

bool near(double got, double expected, double tolerance) {
  if (std::isnan(expected)) return std::isnan(got);
  if (got == expected) return true;
  return std::fabs(got - expected) <= tolerance * std::max(1.0, std::fabs(expected));
}

// "A|B": the source allows either. Words that are no kind of error leave the kind open.
std::vector<ErrorKind> kinds_of(const std::string& words) {
  std::vector<ErrorKind> kinds;
  for (std::size_t at = 0; at <= words.size();) {
    const std::size_t end = std::min(words.find('|', at), words.size());
    if (const auto kind = error_kind_named(std::string_view(words).substr(at, end - at)))
      kinds.push_back(*kind);
    at = end + 1;
  }
  return kinds;
}

const Value* find(const Value::Dict& dict, const std::string& key) {
  const auto found = dict.find(key);
  return found == dict.end() ? nullptr : &found->second;
}

// Fields that tell how the expectation came about, or that are compared with the output tensor.
bool is_compared_elsewhere(const std::string& key) {
  constexpr const char* kKeys[] = {"shape", "values", "first",    "last",  "sum",
                                   "wsum",  "kind",   "dtype",    "basis", "rel_tol",
                                   "rule",  "stage",  "tolerance"};
  return std::any_of(std::begin(kKeys), std::end(kKeys),
                     [&](const char* other) { return key == other; });
}

// A field of the result, as kernel_shape or losses. Where the result is a dict it may hold more.
std::string against_field(const Json& expected, const Value& got, double tolerance,
                          const std::string& where) {
  const auto differs = [&] {
    return fmt::format("{} is {}, expected {}", where, got.text(), expected.dump().substr(0, 80));
  };
  if (expected.is_null()) return got.is_null() ? "" : differs();
  if (expected.is_boolean())
    return got.boolean() != nullptr && *got.boolean() == expected.get<bool>() ? "" : differs();
  if (expected.is_string())
    return got.string() != nullptr && *got.string() == expected.get<std::string>() ? "" : differs();
  if (expected.is_number()) {
    const double number = got.integer() != nullptr  ? static_cast<double>(*got.integer())
                          : got.number() != nullptr ? *got.number()
                                                    : std::nan("");
    return near(number, expected.get<double>(), tolerance) ? "" : differs();
  }
  if (expected.is_array()) {
    if (got.list() == nullptr || got.list()->size() != expected.size()) return differs();
    for (std::size_t x = 0; x < expected.size(); ++x) {
      std::string why =
          against_field(expected[x], (*got.list())[x], tolerance, fmt::format("{}[{}]", where, x));
      if (!why.empty()) return why;
    }
    return "";
  }
  if (got.dict() == nullptr) return differs();
  for (const auto& [key, element] : expected.items()) {
    const Value* value = find(*got.dict(), key);
    if (value == nullptr) return fmt::format("{} has no {}", where, key);
    std::string why = against_field(element, *value, tolerance, where + "." + key);
    if (!why.empty()) return why;
  }
  return "";
}

std::vector<std::int64_t> list_of(const Json& shape) {
  std::vector<std::int64_t> r;
  for (const Json& size : shape) r.push_back(size.get<std::int64_t>());
  return r;
}

}  // namespace

Expectation::Expectation(const Json& expect, DType dtype) : expect_(expect), dtype_(dtype) {
  for (const char* key : {"rel_tol", "tolerance"})
    if (expect.contains(key) && expect[key].is_number()) tolerance_ = expect[key].get<double>();
  if (expect.contains("dtype")) dtype_ = dtype_of(expect["dtype"]);
  has_numbers_ = expect.contains("values") || expect.contains("sum");
  is_error_ = expect.contains("error_type") || expect.value("kind", "") == "error";
  if (!is_error_) return;
  for (const char* key : {"error_type", "exception"})
    if (expect.contains(key) && expect[key].is_string())
      kinds_ = kinds_of(expect[key].get<std::string>());
  if (expect.contains("argument") && expect["argument"].is_string())
    argument_ = expect["argument"].get<std::string>();
}

std::string Expectation::in_words() const {
  if (!is_error_)
    return expect_.contains("shape") ? "shape " + expect_["shape"].dump() : "a result";
  std::string kinds;
  for (const ErrorKind kind : kinds_)
    kinds += (kinds.empty() ? "" : " or ") + std::string(name(kind));
  return (kinds.empty() ? "an error" : kinds) + (argument_ ? " for " + *argument_ : "");
}

std::string Expectation::against(const FrontError& error) const {
  const std::string got =
      fmt::format("got {} for {} ({})", name(error.kind()), error.argument(), error.what());
  if (!is_error_) return fmt::format("expected {}, {}", in_words(), got);
  const bool right_kind =
      kinds_.empty() || std::find(kinds_.begin(), kinds_.end(), error.kind()) != kinds_.end();
  if (right_kind && (!argument_ || *argument_ == error.argument())) return "";
  return fmt::format("expected {}, {}", in_words(), got);
}

std::string Expectation::against(const Value& result) const {
  if (is_error_) return fmt::format("expected {}, got {}", in_words(), result.text());
  const Value::Dict* dict = result.dict();
  const Value* output = dict == nullptr ? &result : find(*dict, "output");
  if (output != nullptr && output->tensor() != nullptr) {
    std::string why = against_numbers(output->tensor()->view);
    if (!why.empty()) return why;
  } else if (has_numbers_) {
    return fmt::format("expected {}, got {}", in_words(), result.text());
  } else if (expect_.contains("shape")) {
    const Value* shape = dict == nullptr ? &result : find(*dict, "shape");
    if (shape == nullptr) return "the result has no shape";
    std::string why = against_field(expect_["shape"], *shape, 0, "shape");
    if (!why.empty()) return why;
  }
  return against_fields(dict == nullptr ? Value::Dict() : *dict);
}

std::string Expectation::against_fields(const Value::Dict& result) const {
  constexpr double kDigits = 1e-8;  // numbers are written with nine
  constexpr double kFloat = 2e-7;   // losses are sums in float32
  for (const auto& [key, element] : expect_.items()) {
    if (is_compared_elsewhere(key)) continue;
    const Value* value = find(result, key);
    if (value == nullptr) return "the result has no " + key;
    std::string why = against_field(element, *value,
                                    std::max(tolerance_, key == "losses" ? kFloat : kDigits), key);
    if (!why.empty()) return why;
  }
  return "";
}

std::string Expectation::against_numbers(const TensorView& output) const {
  if (output.dtype() != dtype_)
    return fmt::format("the type is {}, expected {}", name(output.dtype()), name(dtype_));
  if (expect_.contains("shape") &&
      list_of(expect_["shape"]) !=
          std::vector<std::int64_t>(output.shape().begin(), output.shape().end()))
    return fmt::format("the shape is {}, expected {}", tconv::text(output.shape()),
                       expect_["shape"].dump());
  const OwnedTensor dense = OwnedTensor::copy(output);
  std::vector<double> got;
  for (std::int64_t x = 0; x < dense.elements(); ++x) got.push_back(element(dense.view(), x));
  if (!expect_.contains("values")) return against_digest(got);
  const std::vector<double> expected = numbers_of(expect_["values"]);
  if (expected.size() != got.size())
    return fmt::format("{} elements, expected {}", got.size(), expected.size());
  for (std::size_t x = 0; x < got.size(); ++x)
    if (!near(got[x], expected[x], tolerance_))
      return fmt::format("element {} is {}, expected {}", x, got[x], expected[x]);
  return "";
}

std::string Expectation::against_digest(const std::vector<double>& got) const {
  const auto part = [&](const char* key, bool from_end) -> std::string {
    if (!expect_.contains(key)) return "";
    const std::vector<double> expected = numbers_of(expect_[key]);
    if (expected.size() > got.size())
      return fmt::format("{} elements, expected at least {}", got.size(), expected.size());
    const std::size_t first = from_end ? got.size() - expected.size() : 0;
    for (std::size_t x = 0; x < expected.size(); ++x)
      if (!near(got[first + x], expected[x], tolerance_))
        return fmt::format("element {} is {}, expected {}", first + x, got[first + x], expected[x]);
    return "";
  };
  std::string why = part("first", false);
  if (why.empty()) why = part("last", true);
  if (!why.empty()) return why;
  // Sums of integers are exact; of others every term may be off by its tolerance.
  double sum = 0, weighted = 0, allowed = 0, allowed_weighted = 0;
  for (std::size_t x = 0; x < got.size(); ++x) {
    const auto weight = static_cast<double>(x % 1009 + 1);
    sum += got[x];
    weighted += weight * got[x];
    allowed += tolerance_ * std::max(1.0, std::fabs(got[x]));
    allowed_weighted += weight * tolerance_ * std::max(1.0, std::fabs(got[x]));
  }
  const auto off = [&](const char* key, double number, double bound) -> std::string {
    if (!expect_.contains(key)) return "";
    const double expected = expect_[key].get<double>();
    return std::fabs(number - expected) <= bound
               ? ""
               : fmt::format("the {} is {}, expected {}", key, number, expected);
  };
  why = off("sum", sum, allowed);
  return why.empty() ? off("wsum", weighted, allowed_weighted) : why;
}

}  // namespace tconv::tools::conformance

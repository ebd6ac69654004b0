// What a case expects, in either format, and whether a result or an error is that.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/conformance/values.h"

namespace tconv::tools::conformance {

class Expectation {
 public:
  // `dtype`: the case's, of results that do not say another.
  Expectation(const Json& expect, DType dtype);

  bool is_error() const { return is_error_; }
  bool is_numeric() const { return has_numbers_; }  // values, or a digest of them

  // Why this is not what was expected; empty: it is.
  std::string against(const Value& result) const;
  std::string against(const FrontError& error) const;
  std::string in_words() const;  // "an InvalidArgument for strides", "shape [1, 2]"

 private:
  std::string against_numbers(const TensorView& output) const;
  std::string against_digest(const std::vector<double>& got) const;
  std::string against_fields(const Value::Dict& result) const;

  Json expect_;
  DType dtype_;
  bool is_error_ = false, has_numbers_ = false;
  double tolerance_ = 0;          // relative to max(1, |expected|)
  std::vector<ErrorKind> kinds_;  // any of them; none: any kind
  std::optional<std::string> argument_;
};

}  // namespace tconv::tools::conformance

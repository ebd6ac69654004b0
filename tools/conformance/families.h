// How the cases of a family of front doors become their arguments.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "tools/conformance/values.h"

namespace tconv::tools::conformance {

// A numeric case of conformance_cases.json, its tensors made.
struct Literal {
  const Json& json;           // the case
  Value input, filter, bias;  // bias: null where there is none
};

struct Family {
  std::string_view prefix;  // of the api's name
  // An error case of conformance_cases.json is run when it has all of these; its tensors are given
  // by their shapes, as lists of ints.
  std::vector<std::string_view> whole;
  std::vector<std::string_view> tensors;
  Value::Dict (*arguments)(const Literal& literal);  // null: it has no such cases
  // Oracle and error cases: arguments that the format leaves out, as the weights of a module. Null:
  // none.
  void (*complete)(const Json& json, Value::Dict& arguments) = nullptr;
  // Oracle cases: adds to the result what the case says of it and the front door does not.
  void (*examine)(const Json& json, Value& result) = nullptr;
};

// Null where no family has the api.
const Family* family_of(std::string_view api);

}  // namespace tconv::tools::conformance

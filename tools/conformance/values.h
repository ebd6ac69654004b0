// JSON of the case files as values and tensors of front doors.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tconv/call.hpp"

namespace tconv::tools::conformance {

using Json = nlohmann::json;

// What a file says is not what its format allows: exit status 2.
class Damaged : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A tensor whose memory the value owns; of any type but string and other.
Value tensor(DType dtype, const std::vector<std::int64_t>& shape,
             const std::vector<double>& numbers);

// Element i is ((i*a + c) mod m) - o, with the letter's numbers (oracle_cases.json, format.inputs).
// Letters: x w b xp wp. Throws Damaged for others and for more elements than a test can mean.
Value filled(DType dtype, const std::vector<std::int64_t>& shape, const std::string& letter);

// The letter that an argument of this name has unless it says another.
const char* letter_of(const std::string& argument);

DType dtype_of(const Json& word);                      // throws Damaged for what nobody knows
std::vector<std::int64_t> shape_of(const Json& list);  // throws Damaged
// Numbers, or the words that JSON lacks: "nan", "inf", "-inf".
std::vector<double> numbers_of(const Json& list);

// An argument of an oracle case: {'shape', ..} is a tensor, {'tensor', 'dtype'} one of integers,
// everything else is itself.
Value argument(const Json& json, const std::string& name, DType dtype);

// The element as a number, whatever the type.
double element(const TensorView& dense, std::int64_t index);

}  // namespace tconv::tools::conformance

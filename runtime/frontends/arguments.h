// The arguments of a dynamic call against the function's parameters: what is unknown, missing or of
// the wrong kind is refused here, in the order in which Python would.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "tconv/call.hpp"

namespace tconv::frontends {

struct Parameter {
  std::string_view name;
  bool required = false;
};

class Arguments {
 public:
  // TypeError for an argument that is no parameter and for a required one that was not given. An
  // argument `positional` (which names were passed by position) is no argument and left alone.
  Arguments(const Value::Dict& given, std::span<const Parameter> parameters);

  bool has(std::string_view name) const { return given_->contains(name); }
  // Null where it was not given.
  const Value& operator[](std::string_view name) const;

  // A tensor that must be there. `null_kind` is what the library raises for None; other kinds of
  // value are TypeError.
  const TensorValue& tensor(std::string_view name,
                            ErrorKind null_kind = ErrorKind::value_error) const;
  // As tensor(), but null and absent are an empty view.
  TensorView optional_tensor(std::string_view name) const;
  // TypeError where it is neither null nor a string.
  std::optional<std::string> optional_string(std::string_view name) const;

 private:
  const Value::Dict* given_;
};

// The integers of a list, or of a tensor of rank 1 and type int32 or int64; nothing for values of
// another kind, with an element that is none, or of more than `most`.
std::optional<std::vector<std::int64_t>> integers(const Value& value, std::size_t most = 64);

}  // namespace tconv::frontends

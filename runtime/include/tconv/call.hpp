// The front doors by name: call("tf.nn.conv2d_transpose", {{"input", x}, {"strides", 2}, ...}).
// Values are those of JSON, and tensors. What the typed functions of tf.hpp, onnx.hpp, torch.hpp
// and keras.hpp check by their C++ types is checked here: a string for strides, a float in a shape,
// a null where a tensor is needed. docs/frontends.md lists the names and their arguments.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tconv/tconv.hpp"
#include "tconv/tensor.hpp"

namespace tconv {

// As the libraries raise them, their kinds brought down to four (error_kind_named).
enum class ErrorKind { value_error, type_error, invalid_argument, unimplemented };

TCONV_API std::string_view name(
    ErrorKind kind);  // ValueError TypeError InvalidArgument Unimplemented

// What a kind that some library raises is for us: RuntimeError, Fail, KeyError, AttributeError, ...
// Nothing for a name that the table does not have.
TCONV_API std::optional<ErrorKind> error_kind_named(std::string_view name);

// What the front doors throw for an argument. Nothing was written then, and no element of a tensor
// was read. argument() is the name of the one at fault, as the function that was called spells it.
class TCONV_API FrontError : public Error {
 public:
  FrontError(ErrorKind kind, std::string argument, const std::string& what);
  ~FrontError() override;
  ErrorKind kind() const { return kind_; }
  const std::string& argument() const { return argument_; }

 private:
  ErrorKind kind_;
  std::string argument_;
};

// A tensor inside a Value: a view, and who keeps its memory alive (nobody: the caller does).
struct TensorValue {
  TensorView view;
  std::shared_ptr<const void> owner;
};

class TCONV_API Value {
 public:
  using List = std::vector<Value>;
  using Dict = std::map<std::string, Value, std::less<>>;

  Value() = default;
  Value(std::nullptr_t) {}                                               // NOLINT: all implicit
  Value(bool value) : value_(value) {}                                   // NOLINT
  Value(int value) : value_(std::int64_t{value}) {}                      // NOLINT
  Value(std::int64_t value) : value_(value) {}                           // NOLINT
  Value(double value) : value_(value) {}                                 // NOLINT
  Value(const char* value) : value_(std::string(value)) {}               // NOLINT
  Value(std::string value) : value_(std::move(value)) {}                 // NOLINT
  Value(List value) : value_(std::move(value)) {}                        // NOLINT
  Value(Dict value) : value_(std::move(value)) {}                        // NOLINT
  Value(const TensorView& view) : value_(TensorValue{view, nullptr}) {}  // NOLINT
  Value(OwnedTensor tensor);                                             // NOLINT: takes the memory
  Value(TensorView view, std::shared_ptr<const void> owner)
      : value_(TensorValue{view, std::move(owner)}) {}
  static Value list(std::span<const std::int64_t> values);

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  // Null where the value is of another kind. A bool is no int, an int no double.
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  const double* number() const { return std::get_if<double>(&value_); }
  const std::string* string() const { return std::get_if<std::string>(&value_); }
  const List* list() const { return std::get_if<List>(&value_); }
  const Dict* dict() const { return std::get_if<Dict>(&value_); }
  const TensorValue* tensor() const { return std::get_if<TensorValue>(&value_); }

  // For messages: JSON, a tensor as "float32[2, 3]"; cut off after 80 characters.
  std::string text() const;
  std::string_view kind() const;  // null bool int float string list dict tensor

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, List, Dict, TensorValue>
      value_;
};

// Calls the front door `api` with arguments by name. The result is what the function returns: a
// tensor, or for objects (layers, modules) a dict with what the door's documentation says. Throws
// FrontError; a name that is no front door is ValueError with the argument "api". Thread-safe.
TCONV_API Value call(std::string_view api, const Value::Dict& arguments,
                     const Options& options = {});

TCONV_API bool is_front_door(std::string_view api);
TCONV_API std::vector<std::string> front_doors();  // all names, sorted

}  // namespace tconv

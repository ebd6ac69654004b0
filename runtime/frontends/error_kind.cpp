// The kinds of error that the libraries raise, as one of our four.
#include <array>

#include "tconv/call.hpp"

namespace tconv {
namespace {

struct Row {
  std::string_view raised;
  ErrorKind kind;
};

// Left: Python, TensorFlow, ONNX, onnxruntime and PyTorch.
constexpr Row kRows[] = {
    {"ValueError", ErrorKind::value_error},
    {"KeyError", ErrorKind::value_error},    // a dictionary without a name: a bad value
    {"IndexError", ErrorKind::value_error},  // too few or too many axes
    {"TypeError", ErrorKind::type_error},
    {"AttributeError", ErrorKind::type_error},  // a value of a kind that lacks the method
    {"InvalidArgument", ErrorKind::invalid_argument},
    {"InvalidArgumentError", ErrorKind::invalid_argument},
    {"AbortedError", ErrorKind::invalid_argument},  // oneDNN gives up without a reason
    {"OutOfRangeError", ErrorKind::invalid_argument},
    {"RuntimeError", ErrorKind::invalid_argument},
    {"RuntimeException", ErrorKind::invalid_argument},
    {"Fail", ErrorKind::invalid_argument},
    {"InvalidGraph", ErrorKind::invalid_argument},
    {"InferenceError", ErrorKind::invalid_argument},
    {"ShapeInferenceError", ErrorKind::invalid_argument},
    {"Unimplemented", ErrorKind::unimplemented},
    {"UnimplementedError", ErrorKind::unimplemented},
    {"NotImplemented", ErrorKind::unimplemented},
    {"NotImplementedError", ErrorKind::unimplemented},
};

}  // namespace

std::string_view name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::value_error:
      return "ValueError";
    case ErrorKind::type_error:
      return "TypeError";
    case ErrorKind::invalid_argument:
      return "InvalidArgument";
    case ErrorKind::unimplemented:
      return "Unimplemented";
  }
  return "";
}

std::optional<ErrorKind> error_kind_named(std::string_view raised) {
  for (const Row& row : kRows)
    if (row.raised == raised) return row.kind;
  return std::nullopt;
}

FrontError::FrontError(ErrorKind kind, std::string argument, const std::string& what)
    : Error(kind == ErrorKind::unimplemented ? Status::unsupported : Status::invalid_argument,
            argument.empty() ? what : argument + ": " + what),
      kind_(kind),
      argument_(std::move(argument)) {}

FrontError::~FrontError() = default;

}  // namespace tconv

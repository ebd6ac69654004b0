// onnx.ConvTranspose by name: X, W, B, opset, and the attributes by their names or as a dict,
// `attributes`.
#include <array>

#include "runtime/frontends/arguments.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/registry.h"
#include "tconv/onnx.hpp"

namespace tconv::frontends {
namespace {

using Attributes = onnx::ConvTransposeAttributes;

std::int64_t integer(const std::string& name, const Value& value) {
  if (value.integer() == nullptr) type_error(name, "an integer is needed, got {}", value.text());
  return *value.integer();
}

std::vector<std::int64_t> list(const std::string& name, const Value& value) {
  auto numbers = integers(value);
  if (!numbers) type_error(name, "a list of integers is needed, got {}", value.text());
  return std::move(*numbers);
}

// Null counts as not given: a node without the attribute.
void set(Attributes& out, const std::string& name, const Value& value) {
  if (value.is_null()) return;
  if (name == "auto_pad") {
    if (value.string() == nullptr) type_error(name, "a string is needed, got {}", value.text());
    out.auto_pad = *value.string();
  } else if (name == "group") {
    out.group = integer(name, value);
  } else if (name == "strides") {
    out.strides = list(name, value);
  } else if (name == "dilations") {
    out.dilations = list(name, value);
  } else if (name == "pads") {
    out.pads = list(name, value);
  } else if (name == "output_padding") {
    out.output_padding = list(name, value);
  } else if (name == "output_shape") {
    out.output_shape = list(name, value);
  } else if (name == "kernel_shape") {
    out.kernel_shape = list(name, value);
  } else {
    invalid_argument(name,
                     "there is no such attribute; there are auto_pad dilations group "
                     "kernel_shape output_padding output_shape pads strides");
  }
}

Value conv_transpose(const Value::Dict& given, const Options& options) {
  // No tensor is required here: what is missing is the operator's to refuse.
  static constexpr std::array parameters = {Parameter{"X"},
                                            Parameter{"W"},
                                            Parameter{"B"},
                                            Parameter{"attributes"},
                                            Parameter{"opset"},
                                            Parameter{"group"},
                                            Parameter{"auto_pad"},
                                            Parameter{"dilations"},
                                            Parameter{"strides"},
                                            Parameter{"pads"},
                                            Parameter{"kernel_shape"},
                                            Parameter{"output_padding"},
                                            Parameter{"output_shape"}};
  constexpr std::size_t first_attribute = 5;
  const Arguments arguments(given, parameters);
  Attributes attributes;
  for (std::size_t x = first_attribute; x < parameters.size(); ++x)
    set(attributes, std::string(parameters[x].name), arguments[parameters[x].name]);
  if (const Value& all = arguments["attributes"]; !all.is_null()) {
    if (all.dict() == nullptr)
      type_error("attributes", "a dict of attributes is needed, got {}", all.text());
    for (const auto& [name, value] : *all.dict()) set(attributes, name, value);
  }
  if (!arguments["opset"].is_null()) attributes.opset = integer("opset", arguments["opset"]);
  if (attributes.opset < 1)
    invalid_argument("opset", "versions begin with 1, got {}", attributes.opset);
  return onnx::conv_transpose(arguments.optional_tensor("X"), arguments.optional_tensor("W"),
                              arguments.optional_tensor("B"), attributes, options);
}

constexpr FrontDoor kDoors[] = {{"onnx.ConvTranspose", conv_transpose}};

}  // namespace

std::span<const FrontDoor> onnx_front_doors() { return kDoors; }

}  // namespace tconv::frontends

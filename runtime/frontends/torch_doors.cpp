// torch.nn.functional.conv_transposeNd and torch.nn.ConvTransposeNd by name. A module's door takes
// the constructor's arguments, `state_dict` (weight and bias), and the call's `input` and
// `output_size`. It returns weight_shape, bias_shape (null without bias) and, with an input,
// output.
#include <array>

#include "runtime/frontends/arguments.h"
#include "runtime/frontends/fail.h"
#include "runtime/frontends/registry.h"
#include "tconv/torch.hpp"

namespace tconv::frontends {
namespace {

std::int64_t integer(const Arguments& arguments, const char* name) {
  const Value& value = arguments[name];
  if (value.integer() == nullptr) type_error(name, "an integer is needed, got {}", value.text());
  return *value.integer();
}

void set_sizes(const Arguments& arguments, const char* name, torch::Sizes& sizes) {
  if (!arguments.has(name)) return;
  const Value& value = arguments[name];
  if (value.integer() != nullptr) {
    sizes = *value.integer();
  } else if (auto numbers = integers(value)) {
    sizes = std::move(*numbers);
  } else {
    type_error(name, "an integer or a list of them is needed, got {}", value.text());
  }
}

template <class Options>
void set_common(const Arguments& arguments, Options& out) {
  set_sizes(arguments, "stride", out.stride);
  set_sizes(arguments, "padding", out.padding);
  set_sizes(arguments, "output_padding", out.output_padding);
  set_sizes(arguments, "dilation", out.dilation);
  if (arguments.has("groups")) out.groups = integer(arguments, "groups");
}

template <int Axes>
Value functional(const Value::Dict& given, const Options& options) {
  static constexpr std::array parameters = {Parameter{"input", true}, Parameter{"weight", true},
                                            Parameter{"bias"},        Parameter{"stride"},
                                            Parameter{"padding"},     Parameter{"output_padding"},
                                            Parameter{"groups"},      Parameter{"dilation"}};
  const Arguments arguments(given, parameters);
  torch::Parameters p;
  set_common(arguments, p);
  const TensorView input = arguments.tensor("input", ErrorKind::type_error).view;
  const TensorView weight = arguments.tensor("weight", ErrorKind::type_error).view;
  const TensorView bias = arguments.optional_tensor("bias");
  if constexpr (Axes == 1) return torch::conv_transpose1d(input, weight, bias, p, options);
  if constexpr (Axes == 2) return torch::conv_transpose2d(input, weight, bias, p, options);
  if constexpr (Axes == 3) return torch::conv_transpose3d(input, weight, bias, p, options);
}

torch::ModuleOptions module_options(const Arguments& arguments) {
  torch::ModuleOptions out;
  out.in_channels = integer(arguments, "in_channels");
  out.out_channels = integer(arguments, "out_channels");
  set_sizes(arguments, "kernel_size", out.kernel_size);
  set_common(arguments, out);
  if (arguments.has("bias")) {
    if (arguments["bias"].boolean() == nullptr)
      type_error("bias", "true or false is needed, got {}", arguments["bias"].text());
    out.bias = *arguments["bias"].boolean();
  }
  if (arguments.has("padding_mode")) {
    if (arguments["padding_mode"].string() == nullptr)
      type_error("padding_mode", "a string is needed, got {}", arguments["padding_mode"].text());
    out.padding_mode = *arguments["padding_mode"].string();
  }
  if (const auto dtype = arguments.optional_string("dtype")) out.dtype = dtype_named(*dtype);
  return out;
}

void load_state(const Value& state, torch::ConvTranspose& module) {
  if (state.is_null()) return;
  if (state.dict() == nullptr) type_error("state_dict", "a dict is needed, got {}", state.text());
  for (const auto& [name, value] : *state.dict()) {
    if (value.tensor() == nullptr) type_error(name, "a tensor is needed, got {}", value.text());
    if (name == "weight") {
      module.set_weight(value.tensor()->view);
    } else if (name == "bias") {
      module.set_bias(value.tensor()->view);
    } else {
      value_error("state_dict", "weight and bias are allowed, got '{}'", name);
    }
  }
}

std::vector<std::int64_t> output_size_of(const Value& given) {
  if (given.is_null()) return {};
  auto sizes = integers(given);
  if (!sizes) type_error("output_size", "a list of integers is needed, got {}", given.text());
  if (sizes->empty()) value_error("output_size", "numbers are needed, got []");
  return std::move(*sizes);
}

template <int Axes>
Value module(const Value::Dict& given, const Options& options) {
  static constexpr std::array parameters = {Parameter{"in_channels", true},
                                            Parameter{"out_channels", true},
                                            Parameter{"kernel_size", true},
                                            Parameter{"stride"},
                                            Parameter{"padding"},
                                            Parameter{"output_padding"},
                                            Parameter{"groups"},
                                            Parameter{"bias"},
                                            Parameter{"dilation"},
                                            Parameter{"padding_mode"},
                                            Parameter{"dtype"},
                                            Parameter{"state_dict"},
                                            Parameter{"input"},
                                            Parameter{"output_size"}};
  const Arguments arguments(given, parameters);
  torch::ConvTranspose made(Axes, module_options(arguments));
  load_state(arguments["state_dict"], made);
  Value::Dict result = {{"weight_shape", Value::list(made.weight().shape())},
                        {"bias_shape", nullptr}};
  if (made.bias().has_value()) result["bias_shape"] = Value::list(made.bias().shape());
  if (arguments.has("input"))
    result["output"] = made.forward(arguments.tensor("input", ErrorKind::type_error).view,
                                    output_size_of(arguments["output_size"]), options);
  return result;
}

constexpr FrontDoor kDoors[] = {
    {"torch.nn.functional.conv_transpose1d", functional<1>},
    {"torch.nn.functional.conv_transpose2d", functional<2>},
    {"torch.nn.functional.conv_transpose3d", functional<3>},
    {"torch.nn.ConvTranspose1d", module<1>},
    {"torch.nn.ConvTranspose2d", module<2>},
    {"torch.nn.ConvTranspose3d", module<3>},
};

}  // namespace

std::span<const FrontDoor> torch_front_doors() { return kDoors; }

}  // namespace tconv::frontends

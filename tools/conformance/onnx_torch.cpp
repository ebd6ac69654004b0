#include "tools/conformance/onnx_torch.h"

namespace tconv::tools::conformance {
namespace {

Value plain(const Json& json) { return argument(json, "", DType::f32); }

// [[2, 2], [1, 1]], the same on both sides, as [2, 1].
Value one_sided(const Json& pairs) {
  Value::List out;
  for (const Json& pair : pairs) {
    if (pair.at(0) != pair.at(1)) throw Damaged("PyTorch pads both sides alike");
    out.push_back(plain(pair.at(0)));
  }
  return out;
}

// The last `count` elements.
Json tail(const Json& list, std::size_t count) {
  Json out = Json::array();
  for (std::size_t x = list.size() - std::min(count, list.size()); x < list.size(); ++x)
    out.push_back(list[x]);
  return out;
}

void rename(Value::Dict& arguments, const char* from, const char* to) {
  auto node = arguments.extract(from);
  if (node.empty()) return;
  node.key() = to;
  arguments.insert(std::move(node));
}

// Channels and kernel as the shape of a weight says them.
void describe_weight(Value::Dict& arguments, const std::vector<std::int64_t>& weight) {
  if (weight.size() < 3) throw Damaged("a module's weight must have at least 3 axes");
  const auto groups = arguments.find("groups");
  const std::int64_t* count = groups == arguments.end() ? nullptr : groups->second.integer();
  arguments["in_channels"] = weight[0];
  arguments["out_channels"] = weight[1] * (count == nullptr ? 1 : *count);
  arguments["kernel_size"] = Value::list(std::span(weight).subspan(2));
}

}  // namespace

Value::Dict onnx_arguments(const Literal& literal) {
  const Json& c = literal.json;
  Value::Dict attributes = {{"strides", plain(c.at("strides"))},
                            {"dilations", plain(c.at("dilations"))},
                            {"group", plain(c.at("groups"))},
                            {"auto_pad", plain(c.at("padding").at("auto_pad"))},
                            {"pads", plain(c.at("padding").at("pads"))},
                            {"output_padding", plain(c.at("output_padding"))}};
  // onnxruntime's own tests hide W from shape inference and may then say N and C as well; the
  // operator has one number per spatial axis.
  if (const Json& shape = c.at("output_shape_arg"); shape.is_array())
    attributes["output_shape"] = plain(tail(shape, c.at("strides").size()));
  return {{"X", literal.input},
          {"W", literal.filter},
          {"B", literal.bias},
          {"attributes", std::move(attributes)}};
}

Value::Dict torch_arguments(const Literal& literal) {
  const Json& c = literal.json;
  Value::Dict out = {{"input", literal.input},
                     {"weight", literal.filter},
                     {"bias", literal.bias},
                     {"stride", plain(c.at("strides"))},
                     {"padding", one_sided(c.at("padding"))},
                     {"groups", plain(c.at("groups"))},
                     {"dilation", plain(c.at("dilations"))}};
  if (const Json& padding = c.at("output_padding"); !padding.is_null())
    out["output_padding"] = plain(padding);
  return out;
}

// The cases in this format are those whose output_size says how long the output is.
Value::Dict torch_module_arguments(const Literal& literal) {
  const Json& c = literal.json;
  Value::Dict out = torch_arguments(literal);
  Value::Dict state = {{"weight", literal.filter}};
  if (!literal.bias.is_null()) state["bias"] = literal.bias;
  out["bias"] = !literal.bias.is_null();
  out["state_dict"] = std::move(state);
  out["output_size"] = plain(tail(c.at("expect").at("shape"), c.at("strides").size()));
  out.erase("weight");
  describe_weight(out, shape_of(c.at("filter").at("shape")));
  return out;
}

void complete_torch_module(const Json& json, Value::Dict& arguments) {
  rename(arguments, "in", "in_channels");
  rename(arguments, "out", "out_channels");
  rename(arguments, "kernel", "kernel_size");
  if (arguments.erase("weight") > 0) describe_weight(arguments, shape_of(json["args"]["weight"]));
  const auto dtype = json.contains("dtype") ? dtype_of(json["dtype"]) : DType::f32;
  arguments["dtype"] = std::string(name(dtype));
  // What the module is made of, without the call.
  Value::Dict constructor = arguments;
  constructor.erase("input");
  constructor.erase("output_size");
  Value::Dict state;
  try {
    const Value made = call(json.at("api").get<std::string>(), constructor);
    for (const auto& [field, name] :
         {std::pair("weight_shape", "weight"), std::pair("bias_shape", "bias")}) {
      const Value& shape = made.dict()->at(field);
      if (shape.is_null()) continue;
      std::vector<std::int64_t> sizes;
      for (const Value& size : *shape.list()) sizes.push_back(*size.integer());
      state[name] = filled(dtype, sizes, letter_of(name));
    }
  } catch (const FrontError&) {
    return;  // the call will say the same
  }
  arguments["state_dict"] = std::move(state);
}

}  // namespace tconv::tools::conformance

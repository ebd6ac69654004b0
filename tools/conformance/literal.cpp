#include "tools/conformance/literal.h"

#include <fmt/format.h>

#include "tools/number.h"

namespace tconv::tools::conformance {
namespace {

using Ints = std::vector<std::int64_t>;

Type type_of(const Json& word) {
  switch (dtype_of(word)) {
    case DType::f16:
      return Type::f16;
    case DType::bf16:
      return Type::bf16;
    case DType::f32:
      return Type::f32;
    case DType::f64:
      return Type::f64;
    case DType::i32:
      return Type::i32;
    default:
      throw Error(Status::unsupported, "no line has the type " + word.get<std::string>());
  }
}

DType dtype_of_type(Type type) { return dtype_named(name(type)); }

// Given, or made by the generator that the case names.
std::vector<double> numbers_of_tensor(const Json& json) {
  if (json.contains("data")) return numbers_of(json["data"]);
  const Json& generator = json.at("generator");
  const auto kind = generator.at("kind").get<std::string>();
  const auto count = element_count(shape_of(json.at("shape")));
  if (!count || *count > (std::int64_t{1} << 26)) throw Damaged("a tensor is too large for a case");
  std::vector<double> r(static_cast<std::size_t>(*count));
  for (std::size_t x = 0; x < r.size(); ++x) {
    if (kind == "full")
      r[x] = generator.at("value").get<double>();
    else if (kind == "arange")
      r[x] = generator.at("start").get<double>() + static_cast<double>(x);
    else
      throw Damaged("there is no generator \"" + kind + "\"; there are full and arange");
  }
  return r;
}

Buffer encode(Type type, const std::vector<double>& values, std::int64_t elements) {
  if (static_cast<std::int64_t>(values.size()) != elements)
    throw Damaged(fmt::format("{} numbers for {} elements", values.size(), elements));
  Buffer buffer(values.size() * bytes(type));
  for (std::size_t x = 0; x < values.size(); ++x)
    write(type, buffer.data(), static_cast<std::int64_t>(x), values[x]);
  return buffer;
}

// [oc, k.., ic] (TFLite, WebNN ohwi) -> [k.., oc, ic]
std::vector<double> from_out_first(const std::vector<double>& filter, const Ints& shape) {
  const auto oc = static_cast<std::size_t>(shape.front());
  const auto ic = static_cast<std::size_t>(shape.back());
  const std::size_t taps = filter.empty() ? 0 : filter.size() / oc / ic;
  std::vector<double> r(filter.size());
  for (std::size_t o = 0; o < oc; ++o)
    for (std::size_t t = 0; t < taps; ++t)
      for (std::size_t c = 0; c < ic; ++c)
        r[(t * oc + o) * ic + c] = filter[(o * taps + t) * ic + c];
  return r;
}

void set_sizes(Shape& s, const Json& c) {
  s.g = c.at("groups").get<std::int64_t>();
  s.s = c.at("strides").get<Ints>();
  s.d = c.at("dilations").get<Ints>();
  const std::size_t rank = s.s.size();
  const Ints in = shape_of(c.at("input").at("shape")), out = shape_of(c.at("expect").at("shape"));
  if (rank < 1 || rank > 3 || in.size() != rank + 2 || out.size() != rank + 2 ||
      s.d.size() != rank || c.at("padding_resolved").size() != rank)
    throw Damaged("shapes, strides, dilations and padding are not of one rank");
  const auto spatial = [&](const Ints& dims) {
    const auto first = dims.begin() + (s.channels_last ? 1 : 2);
    return Ints(first, first + static_cast<std::ptrdiff_t>(rank));
  };
  s.n = in[0];
  s.ic = s.channels_last ? in.back() : in[1];
  s.oc = s.channels_last ? out.back() : out[1];
  s.i = spatial(in);
  s.o = spatial(out);
  for (const Json& padding : c.at("padding_resolved")) s.p.push_back(padding.at(0));
}

bool is_post_op(const std::string& activation) {
  for (const char* name : {"relu", "relu6", "tanh", "sigmoid"})
    if (activation == name) return true;
  return false;
}

}  // namespace

LiteralProblem literal_problem(const Json& c) {
  LiteralProblem r;
  Shape& s = r.shape;
  s.type = type_of(c.at("dtype"));
  s.channels_last = c.at("data_format").get<std::string>().ends_with('C');
  set_sizes(s, c);
  const std::size_t rank = s.s.size();
  const Ints filter = shape_of(c.at("filter").at("shape"));
  if (filter.size() != rank + 2) throw Damaged("the filter has another rank than the input");
  const auto layout = c.at("filter_layout").get<std::string>();
  std::vector<double> weights = numbers_of_tensor(c.at("filter"));
  const bool out_first = layout == "out,spatial,in";
  s.torch_filter = layout == "in,out/groups,spatial";
  if (!out_first && !s.torch_filter && layout != "spatial,out,in" &&
      layout != "spatial,out/groups,in")
    throw Error(Status::unsupported, "no line has the filter layout " + layout);
  const auto first = filter.begin() + (s.torch_filter ? 2 : out_first ? 1 : 0);
  s.k = Ints(first, first + static_cast<std::ptrdiff_t>(rank));
  if (out_first && element_count(filter) == static_cast<std::int64_t>(weights.size()))
    weights = from_out_first(weights, filter);

  const Json bias = c.value("bias", Json());
  s.bias = !bias.is_null();
  s.bias_type = s.type;
  const Json activation = c.value("activation", Json());
  if (!activation.is_null()) {
    if (!is_post_op(activation.get<std::string>()))
      throw Error(Status::unsupported, "no line has the activation " + activation.dump());
    s.post.push_back({.name = activation.get<std::string>()});
  }
  r.line = to_line(s);
  r.input = encode(s.type, numbers_of_tensor(c.at("input")), input_elements(s));
  r.filter = encode(s.type, weights, filter_elements(s));
  if (s.bias) r.bias = encode(s.type, numbers_of(bias), s.oc);
  return r;
}

Literal literal_tensors(const Json& c) {
  const DType dtype = dtype_of(c.at("dtype"));
  const auto made = [&](const Json& json) {
    return tensor(dtype, shape_of(json.at("shape")), numbers_of_tensor(json));
  };
  const Json bias = c.value("bias", Json());
  const auto oc = static_cast<std::int64_t>(bias.size());
  return {c, made(c.at("input")), made(c.at("filter")),
          bias.is_null() ? Value() : tensor(dtype, {oc}, numbers_of(bias))};
}

Value run_line(const LiteralProblem& problem, const Options& options) {
  const ConvTranspose operation = ConvTranspose::create(problem.line, options);
  Buffer packed(operation.packed_filter_bytes());
  operation.pack(problem.filter.data(), packed.data());
  const Shape& s = problem.shape;
  Dims shape{s.n};
  if (!s.channels_last) shape.push_back(s.oc);
  for (const std::int64_t size : s.o) shape.push_back(size);
  if (s.channels_last) shape.push_back(s.oc);
  OwnedTensor output = OwnedTensor::uninitialized(dtype_of_type(s.type), shape);
  operation.run({.input = {problem.input.data(), problem.input.bytes()},
                 .packed_filter = {packed.data(), packed.bytes()},
                 .bias = {problem.bias.data(), problem.bias.bytes()},
                 .output = {output.data(), output.bytes()},
                 .operands = {},
                 .workspace = {},
                 .parallel_for = {}});
  return output;
}

}  // namespace tconv::tools::conformance

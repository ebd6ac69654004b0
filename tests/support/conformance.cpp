#include "tests/support/conformance.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tools/number.h"

namespace tconv::tests {
namespace {

using nlohmann::json;
using Ints = std::vector<std::int64_t>;

tools::Buffer encode(tools::Type type, const std::vector<double>& values) {
  tools::Buffer buffer(values.size() * tools::bytes(type));
  for (std::size_t x = 0; x < values.size(); ++x)
    tools::write(type, buffer.data(), static_cast<std::int64_t>(x), values[x]);
  return buffer;
}

// Numbers, or the words that JSON lacks: "nan", "inf", "-inf".
std::vector<double> numbers(const json& array) {
  std::vector<double> r;
  r.reserve(array.size());
  for (const json& v : array)
    r.push_back(v.is_string() ? std::stod(v.get<std::string>()) : v.get<double>());
  return r;
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

ConformanceCase convert(const json& j) {
  ConformanceCase r;
  r.id = j.at("id");
  tools::Shape s;
  const std::string dtype = j.at("dtype"), layout = j.at("filter_layout");
  if (dtype != "float32" && dtype != "int32") throw std::runtime_error(r.id + ": type " + dtype);
  s.type = dtype == "int32" ? tools::Type::i32 : tools::Type::f32;
  s.channels_last = j.at("data_format").get<std::string>().back() == 'C';
  s.g = j.at("groups");
  s.s = j.at("strides").get<Ints>();
  s.d = j.at("dilations").get<Ints>();
  const Ints in = j.at("input").at("shape"), out = j.at("expect").at("shape");
  const Ints filter = j.at("filter").at("shape");
  const auto rank = static_cast<std::ptrdiff_t>(s.s.size());
  const auto spatial = [&](const Ints& dims) {
    const auto first = dims.begin() + (s.channels_last ? 1 : 2);
    return Ints(first, first + rank);
  };
  s.n = in[0];
  s.ic = s.channels_last ? in.back() : in[1];
  s.oc = s.channels_last ? out.back() : out[1];
  s.i = spatial(in);
  s.o = spatial(out);
  for (const json& padding : j.at("padding_resolved")) s.p.push_back(padding.at(0));

  std::vector<double> weights = numbers(j.at("filter").at("data"));
  s.torch_filter = layout == "in,out/groups,spatial";
  const std::ptrdiff_t before = s.torch_filter ? 2 : layout == "out,spatial,in" ? 1 : 0;
  s.k = Ints(filter.begin() + before, filter.begin() + before + rank);
  if (layout == "out,spatial,in") weights = from_out_first(weights, filter);

  s.bias = !j.at("bias").is_null();
  s.bias_type = s.type;
  if (!j.at("activation").is_null()) s.post.push_back({.name = j.at("activation")});
  r.line = tools::to_line(s);
  r.input = encode(s.type, numbers(j.at("input").at("data")));
  r.filter = encode(s.type, weights);
  if (s.bias) r.bias = encode(s.type, numbers(j.at("bias")));
  r.expected = numbers(j.at("expect").at("values"));
  r.tolerance = j.at("expect").at("rel_tol");
  return r;
}

}  // namespace

std::vector<ConformanceCase> conformance_cases(std::vector<std::string>* left_out) {
  std::ifstream file(TCONV_SOURCE_DIR "/tests/data/conformance_cases.json");
  const json all = json::parse(file);
  std::vector<ConformanceCase> r;
  for (const json& j : all.at("cases")) {
    if (j.at("expect").at("kind") == "values" && !j.contains("divergent")) {
      r.push_back(convert(j));
    } else if (left_out != nullptr) {
      left_out->push_back(j.at("id"));
    }
  }
  return r;
}

}  // namespace tconv::tests

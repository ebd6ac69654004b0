// NAME.json: what was compiled, for machines.
#include <fmt/format.h>

#include "runtime/aot/layer_object.h"
#include "runtime/aot/layer_table.h"
#include "runtime/aot/texts.h"
#include "runtime/run_sizes.h"
#include "tconv/inspect.hpp"

namespace tconv::runtime {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

std::string list(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : ", ") + quoted(item);
  return "[" + out + "]";
}

std::string variant_json(const VariantCode& v) {
  std::vector<std::string> symbols;
  for (const auto& stage : v.symbols) symbols.insert(symbols.end(), stage.begin(), stage.end());
  return fmt::format(
      "{{\"code_bytes\": {}, \"local_bytes\": {}, \"packed_layout\": {}, \"symbols\": {}}}",
      v.code_bytes, ir::local_bytes(v.lowered.program), quoted(planner::print(v.lowered.filter)),
      list(symbols));
}

std::string isa_json(const IsaCode& isa) {
  const auto optional = [](const std::optional<VariantCode>& v) {
    return v ? variant_json(*v) : std::string("null");
  };
  return fmt::format(
      "    {{\"isa\": {}, \"needs\": {}, \"backend\": {}, \"plan\": {},\n"
      "     \"main\": {},\n     \"unaligned_output\": {},\n     \"non_finite_filter\": {}}}",
      quoted(isa.level->name), list(feature_names(isa.level->features)), quoted(isa.backend),
      quoted(planner::print(isa.plan)), variant_json(isa.main), optional(isa.unstreamed),
      optional(isa.twin));
}

std::string layer_json(const LayerCode& layer) {
  const LayerNeeds needs = layer_needs(layer);
  const Tensors tensors(layer.problem);
  const TensorBytes bytes = tensors.bytes(largest(layer.problem));
  std::string functions, kernels;
  for (const std::string& name : layer_functions())
    functions += fmt::format("{}{}: {}", functions.empty() ? "" : ", ", quoted(name),
                             quoted(layer.symbol + "_" + name));
  for (const IsaCode& isa : layer.isas) kernels += (kernels.empty() ? "" : ",\n") + isa_json(isa);
  return fmt::format(
      "  {{\"name\": {}, \"problem\": {},\n"
      "   \"input_bytes\": {}, \"filter_bytes\": {}, \"bias_bytes\": {}, \"output_bytes\": {},\n"
      "   \"packed_filter_bytes\": {}, \"workspace_bytes\": {}, \"worker_bytes\": {},\n"
      "   \"functions\": {{{}}},\n   \"kernels\": [\n{}]}}",
      quoted(layer.name), quoted(planner::print(layer.problem)), bytes.input,
      tensors.filter_bytes(), bytes.bias, bytes.output, needs.packed_filter_bytes,
      needs.workspace_bytes(1), needs.worker_bytes, functions, kernels);
}

}  // namespace

std::string manifest_text(const LibraryFacts& library) {
  std::string layers;
  for (const LayerCode& layer : library.layers)
    layers += (layers.empty() ? "" : ",\n") + layer_json(layer);
  return fmt::format(
      "{{\"schema\": \"tconv-aot-library-1\", \"library\": {}, \"type\": {}, \"triple\": {}, "
      "\"cpu\": {},\n"
      " \"tconv_version\": {}, \"ir_version\": {}, \"abi\": 1,\n \"files\": {},\n"
      " \"layers\": [\n{}]}}\n",
      quoted(library.name), quoted(library.type), quoted(library.triple), quoted(library.cpu),
      quoted(version()), ir_version(), list(library.files), layers);
}

}  // namespace tconv::runtime

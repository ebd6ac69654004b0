// NAME.h: what a C program sees of each layer.
#include <fmt/format.h>

#include "runtime/aot/layer_table.h"
#include "runtime/aot/texts.h"
#include "runtime/run_sizes.h"
#include "tconv/inspect.hpp"

namespace tconv::runtime {
namespace {

// Types without a name in C are passed as their bits.
const char* c_type(ir::DType type) {
  switch (type) {
    case ir::DType::f32:
      return "float";
    case ir::DType::f64:
      return "double";
    case ir::DType::i32:
      return "int32_t";
    default:
      return "uint16_t";
  }
}

std::string dimension(std::int64_t least, std::int64_t most) {
  return least > 0 ? fmt::format("[{}..{}]", least, most) : fmt::format("[{}]", most);
}

std::string tensor_shape(const planner::Problem& p, bool output, std::int64_t pixel) {
  const std::int64_t channels = output ? p.oc : p.ic;
  std::string space;
  for (const planner::Axis& a : p.axes) {
    const std::int64_t shorter = p.i_min > 0 ? (a.i - p.i_min) * a.s : 0;
    const std::int64_t least = p.i_min == 0 ? 0 : output ? a.o - shorter : p.i_min;
    space += dimension(least, output ? a.o : a.i);
  }
  const bool last = p.layout == planner::Layout::channels_last;
  std::string text = dimension(p.n_min, p.n);
  text += last ? space + dimension(0, channels) : dimension(0, channels) + space;
  if (pixel != channels) text += fmt::format(", pixels {} elements apart", pixel);
  return text;
}

std::string filter_shape(const planner::Problem& p) {
  std::string taps;
  for (const planner::Axis& a : p.axes) taps += dimension(0, a.k);
  const std::string oc = dimension(0, p.group_oc()), ic = dimension(0, p.ic);
  return p.filter == planner::FilterLayout::tf ? taps + oc + ic : ic + oc + taps;
}

struct Operand {
  std::string name;
  bool per_channel;
};
std::vector<Operand> operands(const planner::Problem& p) {
  std::vector<Operand> list;
  for (const planner::PostOp& post : p.post)
    if (post.takes_operand())
      list.push_back({planner::name(post.kind), post.kind == planner::PostKind::prelu});
  return list;
}

std::string comment(const LayerCode& layer) {
  const planner::Problem& p = layer.problem;
  const auto line = [](const std::string& name, ir::DType type, const std::string& shape) {
    return fmt::format(" *   {:<8} {} {}\n", name, ir::name(type), shape);
  };
  std::string text = fmt::format("/* {}: {}\n *\n", layer.name, planner::print(p));
  text += line("input", p.dtype, tensor_shape(p, false, p.input_pixel()));
  text += line("filter", p.dtype, filter_shape(p));
  if (p.bias) text += line("bias", p.bias_or_default(), dimension(0, p.oc));
  for (const Operand& o : operands(p))
    text += line(o.name, p.dtype, o.per_channel ? dimension(0, p.oc) : tensor_shape(p, true, p.oc));
  text += line("output", p.output_dtype(), tensor_shape(p, true, p.output_pixel()));
  text += " *\n";
  for (const IsaCode& isa : layer.isas)
    text +=
        fmt::format(" *   {:<8} {} ({})\n", isa.level->name, planner::print(isa.plan), isa.backend);
  return text + " */\n";
}

std::string constants(const LayerCode& layer) {
  const Tensors tensors(layer.problem);
  const TensorBytes bytes = tensors.bytes(largest(layer.problem));
  const LayerNeeds needs = layer_needs(layer);
  std::string text;
  const auto constant = [&](const char* name, std::int64_t value) {
    text += fmt::format("#define {}_{} ((size_t){})\n", layer.name, name, value);
  };
  text += fmt::format("#define {}_PROBLEM \"{}\"\n", layer.name, planner::print(layer.problem));
  constant("INPUT_BYTES", bytes.input);
  constant("FILTER_BYTES", tensors.filter_bytes());
  constant("BIAS_BYTES", bytes.bias);
  constant("OUTPUT_BYTES", bytes.output);
  constant("PACKED_FILTER_BYTES", needs.packed_filter_bytes);
  constant("WORKSPACE_BYTES", needs.workspace_bytes(1));
  constant("WORKER_BYTES", needs.worker_bytes);
  for (const IsaCode& isa : layer.isas)
    text += fmt::format("#define {}_PLAN_{} \"{}\"\n", layer.name, isa.level->name,
                        planner::print(isa.plan));
  return text;
}

std::string declarations(const LayerCode& layer) {
  return fmt::format(
      "int {0}_pack(const void* filter, void* packed);\n"
      "int {0}_run(const tconv_aot_args* args);\n"
      "int {0}_begin(const tconv_aot_args* args, tconv_aot_grid* grid);\n"
      "const char* {0}_isa(void);\n"
      "const char* {0}_missing(void);\n",
      layer.symbol);
}

std::string functions(const LayerCode& layer) {
  const planner::Problem& p = layer.problem;
  const std::size_t taken = operands(p).size();
  std::string extra_parameters, extra;
  if (taken > 0) {
    extra_parameters += fmt::format(", const {}* const* operands", c_type(p.dtype));
    extra += fmt::format(
        "  const void* untyped[{0}];\n"
        "  for (int i = 0; i < {0}; ++i) untyped[i] = operands ? operands[i] : 0;\n"
        "  args.operands = untyped;\n",
        taken);
  } else {
    extra += "  args.operands = 0;\n";
  }
  const auto size = [&](const char* field, bool open) {
    if (open) extra_parameters += fmt::format(", int64_t {}", field);
    extra += fmt::format("  args.{} = {};\n", field, open ? field : "0");
  };
  size("batch", p.n_min > 0);
  size("length", p.i_min > 0);
  return fmt::format(
      "static inline int {0}_pack(const {2}* filter, void* packed) {{\n"
      "  return {1}_pack(filter, packed);\n"
      "}}\n"
      "static inline int {0}_run(const {2}* input, const void* packed_filter, const {3}* bias,\n"
      "    {4}* output, void* workspace{5}) {{\n"
      "  tconv_aot_args args;\n"
      "{6}"
      "  args.input = input;\n"
      "  args.packed_filter = packed_filter;\n"
      "  args.bias = bias;\n"
      "  args.output = output;\n"
      "  args.workspace = workspace;\n"
      "  args.workers = 1;\n"
      "  return {1}_run(&args);\n"
      "}}\n"
      "static inline int {0}_begin(const tconv_aot_args* args, tconv_aot_grid* grid) {{\n"
      "  return {1}_begin(args, grid);\n"
      "}}\n"
      "static inline const char* {0}_isa(void) {{ return {1}_isa(); }}\n"
      "static inline const char* {0}_missing(void) {{ return {1}_missing(); }}\n",
      layer.name, layer.symbol, c_type(p.dtype), c_type(p.bias_or_default()),
      c_type(p.output_dtype()), extra_parameters, extra);
}

constexpr const char* kIntroduction =
    "/* {0}: transposed convolutions for {1}, compiled by tconv {2}. Link with {3}{4}.\n"
    " *\n"
    " * For every layer, NAME being its name:\n"
    " *   NAME_pack(filter, packed)  once: `packed` of NAME_PACKED_FILTER_BYTES, for CPUs like the "
    "one that packs\n"
    " *   NAME_run(input, packed_filter, bias, output, workspace)  one run on the calling thread; "
    "`bias` is NULL where\n"
    " *       the layer has none, `workspace` may be NULL where NAME_WORKSPACE_BYTES is 0. Layers "
    "with prelu, add or mul\n"
    " *       take a list of their operands as well, layers with open sizes the size\n"
    " *   NAME_begin(args, grid)  a run that the caller's threads share (tconv_aot.h); a workspace "
    "for w workers has\n"
    " *       NAME_WORKSPACE_BYTES + (w - 1) * NAME_WORKER_BYTES\n"
    " *   NAME_isa()  the kernel that this CPU takes, or NULL\n"
    " *   NAME_missing()  what it lacks, where NAME_isa is NULL\n"
    " *   NAME_PLAN_avx512 and the like  the plan of that kernel, NAME_PROBLEM the layer, as text\n"
    " * They return TCONV_AOT_OK or why nothing was done: tconv_aot_1_message says it in words. "
    "f16 and bf16 are passed\n"
    " * as their bits, uint16_t. Sizes in bytes are those of the largest run\n"
    " * and of the kernel that needs most.\n"
    " */\n";

}  // namespace

std::string header_text(const LibraryFacts& library) {
  std::string text =
      fmt::format(fmt::runtime(kIntroduction), library.name, library.triple, version(),
                  library.linked, library.driver.empty() ? "" : " and compile " + library.driver);
  text += fmt::format(
      "#ifndef TCONV_AOT_LIBRARY_{0}\n#define TCONV_AOT_LIBRARY_{0}\n\n"
      "#include \"tconv_aot.h\"\n\n"
      "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n",
      library.name);
  for (const LayerCode& layer : library.layers) {
    text += "\n" + comment(layer) + constants(layer);
    text += declarations(layer) + functions(layer);
  }
  return text + "\n#ifdef __cplusplus\n}\n#endif\n#endif\n";
}

}  // namespace tconv::runtime

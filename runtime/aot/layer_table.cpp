#include "runtime/aot/layer_table.h"

#include <fmt/format.h>

#include <algorithm>

#include "planner/pack.h"
#include "runtime/error.h"
#include "runtime/packed_filter.h"
#include "runtime/run_sizes.h"
#include "runtime/scratch_layout.h"

namespace tconv::runtime {
namespace {

void fits(const char* what, std::size_t count, std::size_t most) {
  if (count > most)
    throw Error(Status::unsupported,
                fmt::format("ahead of time there can be at most {} {}; the plan has {}", most, what,
                            count));
}

std::int32_t count_of(std::size_t count) { return static_cast<std::int32_t>(count); }

std::int32_t type_of(ir::DType type) {
  switch (type) {
    case ir::DType::f32:
      return TCONV_F32;
    case ir::DType::f64:
      return TCONV_F64;
    case ir::DType::i32:
      return TCONV_I32;
    case ir::DType::f16:
      return TCONV_F16;
    case ir::DType::bf16:
      return TCONV_BF16;
    default:
      throw std::logic_error(fmt::format("a filter of {}", ir::name(type)));
  }
}

// ---- packed filters

std::int32_t add_coordinates(TableBytes& table, const std::vector<planner::Coordinate>& list) {
  std::vector<tconv_coordinate> rows;
  for (const planner::Coordinate& c : list) {
    // By all of its fields: a new one does not compile until the driver knows it, too.
    const auto& [constant, coeffs, divide, modulo, base_constant, base] = *c.form;
    rows.push_back({.constant = constant,
                    .divide = divide,
                    .modulo = modulo,
                    .base_constant = base_constant,
                    .extent = c.extent,
                    .stride = c.stride,
                    .coeffs = table.add(coeffs),
                    .base = table.add(base)});
  }
  return table.add(rows, {&tconv_coordinate::coeffs, &tconv_coordinate::base});
}

std::int32_t add_transforms(TableBytes& table, const planner::PackedFilter& layout) {
  std::vector<tconv_transform> rows;
  std::int64_t doubles = TCONV_TRANSFORM_LANES;
  for (const auto& t : layout.transforms) {
    rows.push_back({.dimension = count_of(t.dimension),
                    .rows = t.G.rows,
                    .columns = t.G.columns,
                    .matrix = table.add(t.G.values)});
    doubles *= std::max(t.G.rows, t.G.columns);
  }
  fits("numbers in a transformed block", static_cast<std::size_t>(doubles),
       TCONV_TRANSFORM_DOUBLES);
  return table.add(rows, {&tconv_transform::matrix});
}

void add_packings(TableBytes& table, const planner::Problem& problem,
                  const planner::PackedFilter& layout, std::vector<tconv_packing>& rows) {
  const auto coordinates = planner::coordinates(problem, layout);
  fits("dimensions of a packed filter", layout.dims.size(), TCONV_MOST_RANK);
  fits("coordinates of a filter", coordinates.size(), TCONV_MOST_COORDINATES);
  planner::PackedFilter alone = layout;
  alone.more.clear();
  rows.push_back({.bytes = planner::packed_bytes(alone),
                  .from = type_of(problem.dtype),
                  .to = type_of(layout.dtype),
                  .rank = count_of(layout.dims.size()),
                  .coordinates = count_of(coordinates.size()),
                  .transforms = count_of(layout.transforms.size()),
                  .dims = table.add(layout.dims),
                  .coordinate = add_coordinates(table, coordinates),
                  .transform = add_transforms(table, layout)});
  for (const planner::PackedFilter& more : layout.more) add_packings(table, problem, more, rows);
}

// ---- programs

std::vector<std::int64_t> affine(const ir::Program& program, const ir::Affine& form) {
  std::vector<std::int64_t> values = {form.constant()};
  for (const ir::Param& param : program.params) values.push_back(form.coeff(param.var));
  return values;
}

std::int32_t add_params(TableBytes& table, const ir::Program& program) {
  std::vector<tconv_param> rows;
  for (const ir::Param& param : program.params) {
    tconv_param row = {.denominator = 1, .kind = TCONV_DERIVED, .numerator = 0};
    if (param.derived()) {
      row.denominator = param.denominator;
      row.numerator = table.add(affine(program, param.numerator));
    } else {
      row.kind = program.vars[param.var].name == "n" ? TCONV_BATCH : TCONV_LENGTH;
    }
    rows.push_back(row);
  }
  return table.add(rows, {&tconv_param::numerator});
}

std::int32_t add_arguments(TableBytes& table, const planner::Lowered& lowered) {
  std::vector<tconv_argument> rows;
  for (const planner::ArgumentInfo& argument : lowered.arguments) {
    tconv_argument row = {.bytes = argument.bytes,
                          .kind = static_cast<std::int32_t>(argument.kind),
                          .operand = argument.operand,
                          .align = argument.align,
                          .unused = 0};
    if (argument.kind == planner::Argument::scratch) row.bytes = align64(argument.bytes);
    rows.push_back(row);
  }
  return table.add(rows);
}
// add_arguments copies the enumerators.
static_assert(static_cast<int>(planner::Argument::input) == TCONV_INPUT &&
              static_cast<int>(planner::Argument::filter) == TCONV_FILTER &&
              static_cast<int>(planner::Argument::bias) == TCONV_BIAS &&
              static_cast<int>(planner::Argument::output) == TCONV_OUTPUT &&
              static_cast<int>(planner::Argument::operand) == TCONV_OPERAND &&
              static_cast<int>(planner::Argument::scratch) == TCONV_SCRATCH);

std::int32_t add_stages(TableBytes& table, const VariantCode& variant) {
  const ir::Program& program = variant.lowered.program;
  std::vector<tconv_stage> stages;
  for (std::size_t s = 0; s < program.stages.size(); ++s) {
    std::vector<tconv_task> tasks;
    for (const ir::Kernel& kernel : program.stages[s].kernels) {
      std::vector<std::int64_t> extents;
      for (const ir::GridAxis& axis : kernel.grid)
        for (const std::int64_t v : affine(program, axis.extent)) extents.push_back(v);
      tasks.push_back(
          {.kernel = 0, .axes = count_of(kernel.grid.size()), .extents = table.add(extents)});
    }
    const std::int32_t at = table.add(tasks, {&tconv_task::extents});
    if (!variant.symbols.empty())
      for (std::size_t k = 0; k < tasks.size(); ++k)
        table.refer(at, k, &tconv_task::kernel, variant.symbols[s][k]);
    stages.push_back({.tasks = count_of(tasks.size()), .task = at});
  }
  return table.add(stages, {&tconv_stage::task});
}

std::int32_t add_executable(TableBytes& table, const planner::Problem& problem,
                            const VariantCode& variant) {
  const planner::Lowered& lowered = variant.lowered;
  fits("arguments of a kernel", lowered.arguments.size(), TCONV_MOST_BUFFERS);
  fits("sizes that are open", lowered.program.params.size(), TCONV_MOST_PARAMS);
  std::vector<tconv_packing> packings;
  add_packings(table, problem, lowered.filter, packings);
  const tconv_executable row = {
      .layout_hash = layout_hash(lowered.filter),
      .scratch_bytes = scratch_bytes(lowered),
      .local_bytes = align64(ir::local_bytes(lowered.program)),
      .packings = count_of(packings.size()),
      .arguments = count_of(lowered.arguments.size()),
      .params = count_of(lowered.program.params.size()),
      .stages = count_of(lowered.program.stages.size()),
      .packing = table.add(
          packings, {&tconv_packing::dims, &tconv_packing::coordinate, &tconv_packing::transform}),
      .argument = add_arguments(table, lowered),
      .param = add_params(table, lowered.program),
      .stage = add_stages(table, variant),
  };
  return table.add(std::vector{row}, {&tconv_executable::packing, &tconv_executable::argument,
                                      &tconv_executable::param, &tconv_executable::stage});
}

std::int32_t add_isas(TableBytes& table, const LayerCode& layer) {
  std::vector<tconv_isa> rows;
  for (const IsaCode& isa : layer.isas) {
    const auto variant = [&](const std::optional<VariantCode>& v) {
      return v ? add_executable(table, layer.problem, *v) : 0;
    };
    rows.push_back({.stream_from_bytes = isa.stream_from_bytes,
                    .features = isa.level->features,
                    .name = table.add(std::string(isa.level->name)),
                    .main = add_executable(table, layer.problem, isa.main),
                    .unstreamed = variant(isa.unstreamed),
                    .twin = variant(isa.twin),
                    .unused = 0});
  }
  return table.add(rows,
                   {&tconv_isa::name, &tconv_isa::main, &tconv_isa::unstreamed, &tconv_isa::twin});
}

tconv_tensor tensor(const Tensors::Layout& layout) {
  return {.rows = layout.rows, .pixel = layout.pixel, .last = layout.last_pixel};
}

}  // namespace

LayerNeeds layer_needs(const LayerCode& layer) {
  LayerNeeds needs;
  layer.each_variant([&](const VariantCode& v) {
    needs.packed_filter_bytes =
        std::max(needs.packed_filter_bytes, static_cast<std::int64_t>(kPackedHeaderBytes) +
                                                planner::packed_bytes(v.lowered.filter));
    needs.scratch_bytes = std::max(needs.scratch_bytes, scratch_bytes(v.lowered));
    needs.worker_bytes = std::max(needs.worker_bytes, align64(ir::local_bytes(v.lowered.program)));
  });
  return needs;
}

LayerTable layer_table(const LayerCode& layer) {
  const planner::Problem& p = layer.problem;
  const Tensors tensors(p);
  const TensorBytes bytes = tensors.bytes(largest(p));
  const planner::Axis& first = p.axes.front();
  LayerTable table;
  std::uint32_t per_channel = 0;
  std::int32_t operands = 0;
  for (const planner::PostOp& post : p.post) {
    if (!post.takes_operand()) continue;
    if (post.kind == planner::PostKind::prelu) per_channel |= 1U << operands;
    ++operands;
  }
  const tconv_layer row = {
      .input = tensor(tensors.input()),
      .output = tensor(tensors.output()),
      .operand = tensor(tensors.operand()),
      .n = p.n,
      .n_min = p.n_min,
      .i = first.i,
      .i_min = p.i_min,
      .o = first.o,
      .stride = first.s,
      .filter_elements = planner::filter_elements(p),
      .bias_bytes = bytes.bias,
      .per_channel_bytes = bytes.per_channel,
      .packed_bytes = layer_needs(layer).packed_filter_bytes,
      .dtype = type_of(p.dtype),
      .rank = p.rank(),
      .operands = operands,
      .per_channel = per_channel,
      .isas = count_of(layer.isas.size()),
      .isa = add_isas(table.bytes, layer),
  };
  table.layer = table.bytes.add(std::vector{row}, {&tconv_layer::isa});
  return table;
}

}  // namespace tconv::runtime

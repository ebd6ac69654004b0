#include "planner/schedules/tensors.h"

namespace tconv::planner {

using ir::Affine;

std::vector<Affine> tensor_index(Layout layout, const Affine& n, const Affine& channel,
                                 const std::vector<Affine>& spatial) {
  std::vector<Affine> index = {n};
  if (layout == Layout::channels_first) index.push_back(channel);
  index.insert(index.end(), spatial.begin(), spatial.end());
  if (layout == Layout::channels_last) index.push_back(channel);
  return index;
}

std::vector<Affine> tensor_index(const Problem& p, const Affine& n, const Affine& channel,
                                 const std::vector<Affine>& spatial) {
  std::vector<Affine> index = tensor_index(p.layout, n, channel, spatial);
  if (p.i_min > 0) index.erase(index.begin());
  return index;
}

Tensors declare_tensors(ir::Builder& b, const Problem& p, const PackedFilter& filter,
                        bool aligned_output) {
  Tensors t;
  const Axis& width = p.axes.back();
  t.n = p.n_min > 0 ? b.param("n", p.n_min, p.n) : Affine(p.n);
  t.i = p.i_min > 0 ? b.param("i", p.i_min, width.i) : Affine(width.i);
  t.o = width.o + (t.i - width.i) * width.s;
  const auto dims = [&](bool output, std::int64_t channels) {
    std::vector<Affine> spatial;
    for (const Axis& a : p.axes) spatial.emplace_back(output ? a.o : a.i);
    spatial.back() = output ? t.o : t.i;
    if (output && p.row_length > 0) {
      spatial.back() = p.row_length + (t.i - width.i) * (width.s * p.oc);
      for (std::size_t a = 0; a < p.merged_blocks.size(); ++a) spatial[a] = p.merged_blocks[a].o;
      if (p.i_min == 0) spatial.insert(spatial.begin(), t.n);
      return spatial;
    }
    return tensor_index(p, t.n, channels, spatial);
  };
  const std::int64_t largest = p.n_min > 0 ? p.n : width.i;  // of the only param
  const auto add = [&](const char* name, ir::DType type, std::vector<Affine> d, ir::BufferKind kind,
                       ArgumentInfo info) {
    info.bytes = ir::bytes(type);
    for (const Affine& x : d) info.bytes *= x.evaluate([&](ir::VarId) { return largest; });
    t.arguments.push_back(info);
    return b.buffer(name, type, std::move(d), kind, info.align);
  };
  const std::int64_t ips = p.input_pixel();
  const std::int64_t ops = p.output_pixel();
  t.input = add("x", p.dtype, dims(false, ips), ir::BufferKind::in, {.kind = Argument::input});
  t.arguments.back().bytes = input_elements(p) * ir::bytes(p.dtype);
  std::vector<Affine> packed(filter.dims.begin(), filter.dims.end());
  t.filter =
      add("w", filter.dtype, packed, ir::BufferKind::in, {.kind = Argument::filter, .align = 64});
  if (p.bias)
    t.bias = add("b", p.bias_or_default(), {p.oc}, ir::BufferKind::in, {.kind = Argument::bias});
  t.output = add("y", p.output_dtype(), dims(true, ops), ir::BufferKind::out,
                 {.kind = Argument::output, .align = aligned_output ? 64 : 0});
  t.arguments.back().bytes = output_elements(p) * ir::bytes(p.output_dtype());
  int operand = 0;
  for (const PostOp& op : p.post) {
    if (!op.takes_operand()) continue;
    const bool slopes = op.kind == PostKind::prelu;
    t.operands.push_back(add(("p" + std::to_string(operand)).c_str(), p.dtype,
                             slopes ? std::vector<Affine>{p.oc} : dims(true, p.oc),
                             ir::BufferKind::in, {.kind = Argument::operand, .operand = operand}));
    ++operand;
  }
  return t;
}

}  // namespace tconv::planner

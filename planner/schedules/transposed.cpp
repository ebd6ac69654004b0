// Channels-first by way of channels-last, for rows too short to fill vectors: whole tensors are
// transposed with their spatial axes as one, so that the length of a row does not matter.
#include <algorithm>
#include <functional>

#include "planner/phase.h"
#include "planner/schedules/epilogue.h"
#include "planner/schedules/schedule.h"
#include "planner/schedules/transpose.h"

namespace tconv::planner {
namespace {

using ir::Affine;
using ir::Builder;
using ir::Lanes;
using ir::Reg;
using ir::ViewId;

std::int64_t pixels(const Problem& p, std::int64_t Axis::*length) {
  std::int64_t n = 1;
  for (const Axis& a : p.axes) n *= a.*length;
  return n;
}

// to[n][b][a] = from[n][a][b] for A x B matrices; `finish` sees each vector before it is stored:
// the b of all its lanes, the a of lane 0.
struct Matrices {
  ViewId from, to;
  Affine n;
  std::int64_t A, B;
  std::function<void(const ir::RegRef&, const Affine& n, const Affine& b, const Affine& a, Lanes)>
      finish;
  int registers = 1;  // that `finish` and the store need beside the vector
};

void emit_transposed(Builder& b, const std::string& name, ir::DType type, const Matrices& m) {
  const int L = b.lanes(type);
  constexpr std::int64_t kBlocks = 16;  // of L rows: the work of one grid point
  const TransposedVectors vectors(b, type, m.registers);
  const std::int64_t rows = m.A / L, rest_rows = m.A % L;
  const auto block = [&](const Affine& n, const Affine& at, int height, const Affine& column,
                         int width) {
    const auto fill = [&](const Reg& z) {
      const Lanes loaded = width == L ? Lanes{} : Lanes{0, width};
      b.unroll("i", 0, height, [&](const Affine& i) {
        b.mov(z(i), ir::load({m.from, {n, at + i, column}}, loaded));
      });
      b.unroll("i", height, L, [&](const Affine& i) { b.mov(z(i), ir::bits(0)); });
    };
    const Lanes stored = height == L ? Lanes{} : Lanes{0, height};
    vectors.block(fill, width, [&](const ir::RegRef& z, const Affine& i) {
      if (m.finish) m.finish(z, n, column + i, at, stored);
      b.store({m.to, {n, column + i, at}}, z, stored);
    });
  };
  const auto columns = [&](const Affine& n, const Affine& at, int height) {
    b.loop("c", 0, m.B / L, [&](const Affine& c) { block(n, at, height, c * L, L); });
    const auto rest = static_cast<int>(m.B % L);
    if (rest != 0) block(n, at, height, m.B - rest, rest);
  };
  const std::int64_t points = std::max<std::int64_t>((m.A + kBlocks * L - 1) / (kBlocks * L), 1);
  b.stage([&] {
    b.kernel(name, {{"n", m.n}, {"rb", points}}, [&](std::span<const Affine> g) {
      b.loop("r", {0}, {kBlocks, rows - g[1] * kBlocks},
             [&](const Affine& r) { columns(g[0], (g[1] * kBlocks + r) * L, L); });
      if (rest_rows == 0) return;
      const std::int64_t last = rows / kBlocks;
      b.when({g[1] - last, last - g[1]}, [&] {
        columns(g[0], g[1] * (kBlocks * L) + rows % kBlocks * L, static_cast<int>(rest_rows));
      });
    });
  });
}

}  // namespace

Problem channels_last_twin(const Problem& problem) {
  Problem twin = problem;
  twin.layout = Layout::channels_last;
  twin.post.clear();
  twin.wide_output = problem.type().converts();  // it is rounded at the end
  return normalize(twin);
}

Lowered lower_transposed(const Problem& p, Lowered inner, const ir::Target& target) {
  const std::int64_t in = pixels(p, &Axis::i), out = pixels(p, &Axis::o);
  const Affine batch = p.n_min > 0 ? Affine::var(inner.program.params[0].var) : Affine(p.n);
  // The inner program's input and output become scratch memory.
  ViewId x = 0, y = 0;
  for (std::size_t i = 0; i < inner.arguments.size(); ++i) {
    ArgumentInfo& a = inner.arguments[i];
    if (a.kind != Argument::input && a.kind != Argument::output) continue;
    (a.kind == Argument::input ? x : y) = static_cast<ViewId>(i);
    inner.program.buffers[i].kind = ir::BufferKind::scratch;
    a = {.kind = Argument::scratch, .bytes = a.bytes, .align = 64};
  }
  Builder b(target, std::move(inner.program));
  const auto tensor = [&](const std::string& name, std::vector<Affine> dims, ir::BufferKind kind,
                          ir::DType type, ArgumentInfo info) {
    info.bytes = ir::bytes(type);
    for (const Affine& d : dims) info.bytes *= d.evaluate([&](ir::VarId) { return p.n; });
    inner.arguments.push_back(info);
    return b.buffer(name, type, std::move(dims), kind);
  };
  const ViewId input =
      tensor("first_x", {batch, p.ic, in}, ir::BufferKind::in, p.dtype, {.kind = Argument::input});
  const ViewId output = tensor("first_y", {batch, p.oc, out}, ir::BufferKind::out, p.output_dtype(),
                               {.kind = Argument::output});
  Tensors tensors;
  int operand = 0;
  for (const PostOp& op : p.post) {
    if (!op.takes_operand()) continue;
    const std::vector<Affine> dims = op.kind == PostKind::prelu
                                         ? std::vector<Affine>{p.oc}
                                         : std::vector<Affine>{batch, p.oc, out};
    tensors.operands.push_back(tensor("p" + std::to_string(operand), dims, ir::BufferKind::in,
                                      p.dtype, {.kind = Argument::operand, .operand = operand}));
    ++operand;
  }
  const Epilogue epilogue(p, tensors);
  emit_transposed(b, "channels_last", p.sum_dtype(),
                  {.from = input,
                   .to = b.view("last_x", x, 0, p.dtype, {batch, in, p.ic}),
                   .n = batch,
                   .A = p.ic,
                   .B = in,
                   .finish = {},
                   .registers = ir::store_temporaries(p.dtype, p.sum_dtype(), false, target)});
  emit_transposed(b, "channels_first", p.sum_dtype(),
                  {.from = b.view("last_y", y, 0, p.sum_dtype(), {batch, out, p.oc}),
                   .to = output,
                   .n = batch,
                   .A = out,
                   .B = p.oc,
                   .finish =
                       [&](const ir::RegRef& v, const Affine& n, const Affine& channel,
                           const Affine& pixel, Lanes lanes) {
                         epilogue.emit(b, v, {false, channel, {n, channel, pixel}, lanes});
                       },
                   .registers = epilogue.registers(target)});
  inner.program = b.take();
  // The input's transpose goes before the inner stages.
  auto& stages = inner.program.stages;
  std::rotate(stages.begin(), stages.end() - 2, stages.end() - 1);
  return inner;
}

}  // namespace tconv::planner

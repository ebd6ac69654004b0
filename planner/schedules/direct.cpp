// Direct: lanes are the output channels of one group; every input value is broadcast to them.
#include "planner/schedules/direct.h"
#include "planner/schedules/tiled.h"

namespace tconv::planner {
namespace {

using ir::Affine;
using ir::Mem;
using ir::Reg;

class Direct final : public Tiled {
 public:
  Direct(const Problem& p, const Plan& plan, const ir::Target& target, Tiled* with = nullptr)
      : Tiled(p, plan, target, p.group_oc(), with) {}

 private:
  // [group][panel][taps..][ic][nr vectors], dot2: [..][pair of ic][nr vectors][2]
  PackedFilter packing() const override {
    const std::int64_t row = std::int64_t{plan_.nr} * L_;
    PackedFilter f{.dtype = problem_.dtype,
                   .dims = {problem_.g, panels_.count()},
                   .group = {},
                   .oc = {},
                   .ic = {},
                   .taps = {}};
    for (const Axis& a : problem_.axes) f.dims.push_back(a.k);
    const std::size_t ic = f.dims.size();
    f.dims.push_back(direct_operands(problem_, plan_).steps);
    f.dims.push_back(row);
    if (plan_.dot2) f.dims.push_back(2);
    const std::size_t n = f.dims.size();
    const auto form = [n](std::size_t at) { return PackedFilter::Form::index(n, at); };
    f.group = form(0);
    f.oc = form(ic + 1);
    f.oc.coeffs[1] = row;
    f.ic = form(ic);
    if (plan_.dot2) f.ic.coeffs[ic] = 2, f.ic.coeffs[ic + 2] = 1;
    for (std::size_t a = 0; a < problem_.axes.size(); ++a) f.taps.push_back(form(2 + a));
    return f;
  }

  // Pairs are read through views of their own.
  void declare_views() override {
    if (!plan_.dot2) return;
    const ir::DType pair = problem_.type().pair;
    const std::vector<Affine> filter(packed_.dims.begin(), packed_.dims.end() - 1);
    tensors_.filter = b_.view("wp", tensors_.filter, 0, pair, filter);
    std::vector<Affine> input = b_.program().views[tensors_.input].dims;
    if (!last() || !input.back().is_constant() || input.back().constant() % 2 != 0) return;
    input.back() = input.back().constant() / 2;
    tensors_.input_pairs = b_.view("xp", tensors_.input, 0, pair, input);
  }
  ir::DType strip_type() const override {
    return plan_.dot2 ? problem_.dtype : problem_.sum_dtype();
  }
  bool local_input() const override { return plan_.strip || !last(); }
  std::int64_t strip_channels() const override { return problem_.group_ic(); }
  void fill_strip(const StripSource& source) override {
    StripSource s = source;
    s.channel = group_ * problem_.group_ic();
    if (problem_.group_ic() % 2 == 0) s.pair = group_ * (problem_.group_ic() / 2);
    emit_strip(b_, problem_, tensors_, strip_, outer_, s);
  }

  Mem input(const Affine& pixel, const Affine& channel) const {
    std::vector<Affine> at = input_position(pixel);
    if (local_input()) {
      at.push_back(channel);
      return {plan_.dot2 ? strip_.pairs : strip_.view, at};
    }
    const Affine n = along_width() ? n_ : n_ + pixel;
    if (plan_.dot2)
      return {*tensors_.input_pairs,
              tensor_index(problem_, n, group_ * (problem_.group_ic() / 2) + channel, at)};
    return {tensors_.input, tensor_index(problem_, n, group_ * problem_.group_ic() + channel, at)};
  }
  Mem weights(const Affine& channel, const Affine& vector) const {
    std::vector<Affine> at = {group_, panel_.index};
    for (const Affine& t : filter_taps()) at.push_back(t);
    at.push_back(channel);
    at.push_back(vector * L_);
    return {tensors_.filter, at};
  }

  void products(const Reg& acc, int pixels) override {
    const std::int64_t steps = direct_operands(problem_, plan_).steps;
    b_.loop("k", 0, steps / plan_.ku, [&](const Affine& k) {
      b_.unroll("u", 0, plan_.ku, [&](const Affine& u) {
        const Affine channel = k * plan_.ku + u;
        const int per_step = plan_.dot2 ? 2 : 1;
        for (int i = 0; i < per_step; ++i) prefetch(channel * per_step + i);
        emit_tile_step(b_, {.acc = acc,
                            .pixels = pixels,
                            .vectors = panel_.vectors,
                            .type = problem_.sum_dtype(),
                            .op = plan_.dot2 ? ir::Op::dot2 : ir::Op::fma,
                            .input = [&](const Affine& i) { return input(i, channel); },
                            .weights = [&](const Affine& j) { return weights(channel, j); },
                            .fetch_bytes = std::int64_t{plan_.fetch} << 10});
      });
    });
  }
};

}  // namespace

Lowered lower_direct(const Problem& problem, const Plan& plan, const ir::Target& target) {
  const std::string reason = why_not_direct(problem, plan, target);
  require(reason.empty(), reason);
  const bool open =
      problem.n_min > 0 && plan.tile == TileAxis::n && least_rest(problem, plan.mr) > 1;
  if (!open) return Direct(problem, plan, target).lower();
  Plan along_batch = plan;
  along_batch.strip = false;  // of the images
  Direct tiles(problem, along_batch, target);
  Direct images(problem, image_plan(problem, plan), target, &tiles);
  return tiles.lower(&images);
}

}  // namespace tconv::planner

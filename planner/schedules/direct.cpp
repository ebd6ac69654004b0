// Direct: lanes are the output channels of one group; every input value is broadcast to them.
#include "planner/schedules/register_tile.h"
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
  // [group][panel][taps..][ic][nr vectors]
  PackedFilter packing() const override {
    const std::int64_t row = std::int64_t{plan_.nr} * L_;
    PackedFilter f{.dtype = problem_.dtype,
                   .dims = {problem_.g, panels_.count()},
                   .group = {},
                   .oc = {},
                   .ic = {},
                   .taps = {}};
    for (const Axis& a : problem_.axes) f.dims.push_back(a.k);
    f.dims.push_back(problem_.group_ic());
    f.dims.push_back(row);
    const std::size_t n = f.dims.size();
    const auto form = [n](std::size_t at) { return PackedFilter::Form::index(n, at); };
    f.group = form(0);
    f.oc = form(n - 1);
    f.oc.coeffs[1] = row;
    f.ic = form(n - 2);
    for (std::size_t a = 0; a < problem_.axes.size(); ++a) f.taps.push_back(form(2 + a));
    return f;
  }

  bool local_input() const override { return plan_.strip || !last(); }
  std::int64_t strip_channels() const override { return problem_.group_ic(); }
  void fill_strip(const StripSource& source) override {
    StripSource s = source;
    s.channel = group_ * problem_.group_ic();
    emit_strip(b_, problem_, tensors_, strip_, outer_, s);
  }

  Mem input(const Affine& pixel, const Affine& channel) const {
    std::vector<Affine> at = input_position(pixel);
    if (local_input()) {
      at.push_back(channel);
      return {strip_.view, at};
    }
    const Affine n = along_width() ? n_ : n_ + pixel;
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
    b_.loop("k", 0, problem_.group_ic() / plan_.ku, [&](const Affine& k) {
      b_.unroll("u", 0, plan_.ku, [&](const Affine& u) {
        const Affine channel = k * plan_.ku + u;
        prefetch(channel);
        emit_tile_step(b_, {.acc = acc,
                            .pixels = pixels,
                            .vectors = panel_.vectors,
                            .type = problem_.dtype,
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
  const bool open = problem.n_min > 0 && plan.tile == TileAxis::n && least_rest(plan.mr) > 1;
  if (!open) return Direct(problem, plan, target).lower();
  Plan along_batch = plan;
  along_batch.strip = false;  // of the images
  Direct tiles(problem, along_batch, target);
  Direct images(problem, image_plan(problem, plan), target, &tiles);
  return tiles.lower(&images);
}

}  // namespace tconv::planner

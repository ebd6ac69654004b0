// Channel-wise: lanes are output channels across groups, for depthwise layers and small groups. The
// strip holds, for each of a group's input channels, one value per output channel, so that a step
// is a load and an FMA whatever the group's size.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "planner/schedules/tiled.h"
#include "planner/schedules/transpose.h"

namespace tconv::planner {
namespace {

using ir::Affine;
using ir::Lanes;
using ir::Reg;

class Channelwise final : public Tiled {
 public:
  Channelwise(const Problem& p, const Plan& plan, const ir::Target& target)
      : Tiled(p, plan, target, p.oc),
        icg_(p.group_ic()),
        ocg_(p.group_oc()),
        period_(std::lcm(std::int64_t{L_}, ocg_)) {}

 private:
  // [panel][taps..][ic of the group][nr vectors of output channels]
  PackedFilter packing() const override {
    const std::int64_t row = std::int64_t{plan_.nr} * L_;
    PackedFilter f{.dtype = problem_.sum_dtype(),
                   .dims = {panels_.count()},
                   .group = {},
                   .oc = {},
                   .ic = {},
                   .taps = {}};
    for (const Axis& a : problem_.axes) f.dims.push_back(a.k);
    f.dims.push_back(icg_);
    f.dims.push_back(row);
    const std::size_t n = f.dims.size();
    const auto form = [n](std::size_t at) { return PackedFilter::Form::index(n, at); };
    PackedFilter::Form channel = form(n - 1);
    channel.coeffs[0] = row;
    f.group = f.oc = channel;
    f.group.divide = ocg_;
    f.oc.modulo = ocg_;
    f.ic = form(n - 2);
    for (std::size_t a = 0; a < problem_.axes.size(); ++a) f.taps.push_back(form(1 + a));
    return f;
  }

  bool local_input() const override { return true; }
  // Output channels that one grid point computes, in whole panels.
  std::int64_t block_channels() const { return panels_.per_block() * plan_.nr * L_; }
  std::int64_t strip_channels() const override { return icg_ * block_channels(); }

  void products(const Reg& acc, int pixels) override {
    const Affine first = panel_.in_block * (std::int64_t{plan_.nr} * L_);
    b_.loop("k", 0, icg_, [&](const Affine& k) {
      b_.unroll("j", 0, panel_.vectors, [&](const Affine& j) {
        const Reg f = b_.vec("f", {}, problem_.sum_dtype());
        std::vector<Affine> w = {panel_.index};
        for (const Affine& t : filter_taps()) w.push_back(t);
        w.push_back(k);
        w.push_back(j * L_);
        b_.mov(f(), ir::load({tensors_.filter, w}));
        b_.unroll("i", 0, pixels, [&](const Affine& i) {
          std::vector<Affine> at = input_position(i);
          at.push_back(k * block_channels() + first + j * L_);
          b_.fma(acc(i, j), f(), ir::load({strip_.view, at}), acc(i, j));
        });
      });
    });
  }

  // Each input vector is loaded once for all phases and taps that read it. Inputs from the last to
  // the first: every output adds its taps in the definition's order.
  void joint_products(const Run& run, const Reg& acc, int pixels) override {
    const Affine channel0 = panel_.in_block * (std::int64_t{plan_.nr} * L_);
    const int taps = static_cast<int>(run.taps);
    const Affine t0 = spot_.t0;
    b_.loop("k", 0, icg_, [&](const Affine& k) {
      b_.unroll("j", 0, panel_.vectors, [&](const Affine& j) {
        const Reg f = b_.vec("f", {plan_.phases, taps}, problem_.sum_dtype());
        for (int t = 0; t < plan_.phases; ++t)
          for (int tap = 0; tap < taps; ++tap) {
            spot_.t0 = t0 + t;
            spot_.tap = tap;
            std::vector<Affine> w = {panel_.index};
            for (const Affine& index : filter_taps()) w.push_back(index);
            w.push_back(k);
            w.push_back(j * L_);
            b_.mov(f(t, tap), ir::load({tensors_.filter, w}));
          }
        spot_.t0 = t0;
        spot_.tap = 0;
        for (int at = pixels - 1; at > -taps; --at)
          b_.scope([&] {
            const Reg x = b_.vec("x", {}, problem_.sum_dtype());
            std::vector<Affine> position = input_position(at);
            position.push_back(k * block_channels() + channel0 + j * L_);
            b_.mov(x(), ir::load({strip_.view, position}));
            for (int t = 0; t < plan_.phases; ++t)
              for (int tap = 0; tap < taps; ++tap) {
                const int pixel = at + tap;
                if (pixel < 0 || pixel >= pixels) continue;
                const ir::RegRef sum = acc(t * pixels + pixel, j);
                b_.fma(sum, f(t, tap), x(), sum);
              }
          });
      });
    });
  }

  // ---- the strip: input channels spread over the lanes of their output channels
  // ----------------------

  // `period_` output channels repeat the pattern of lanes. Channels first..first + count of a
  // period.
  struct Period {
    Affine tensor, local;  // number of the period in the tensor and in this block
    std::int64_t count = 0;
  };
  using Row = std::vector<Affine>;

  void fill_strip(const StripSource& source) override {
    emit_strip_rows(b_, problem_, strip_, outer_, source, [&](const Row& row, const Row& image) {
      const Affine& c0 = source.column0;
      if (last()) {
        b_.loop("v", {0, c0 * -1}, {strip_.width, source.length - c0}, [&](const Affine& v) {
          periods([&](const Period& p) { spread(row, image, v, c0 + v, p); });
        });
        return;
      }
      const std::int64_t length = problem_.axes.back().i;
      const std::int64_t lo = std::max<std::int64_t>(0, -c0.constant());
      const std::int64_t hi = std::min(strip_.width, length - c0.constant());
      const auto columns = [&](const Affine& v, int count) {
        periods([&](const Period& p) { spread_transposed(row, image, v, c0 + v, count, p); });
      };
      if (hi <= lo) return;
      b_.loop("v", 0, (hi - lo) / L_, [&](const Affine& v) { columns(lo + v * L_, L_); });
      const auto rest = static_cast<int>((hi - lo) % L_);
      if (rest != 0) columns(hi - rest, rest);
    });
  }

  void periods(const std::function<void(const Period&)>& f) {
    const std::int64_t whole = problem_.oc / period_, rest = problem_.oc % period_;
    // A single block may end inside a period; several hold whole periods each.
    const std::int64_t per_block =
        panels_.per_block() >= panels_.count() ? whole + 1 : block_channels() / period_;
    b_.loop("s", {0}, {per_block, whole - block_ * per_block}, [&](const Affine& s) {
      f({block_ * per_block + s, s, period_});
    });
    if (rest == 0) return;
    const std::int64_t at = whole / per_block;
    b_.when({block_ - at, at - block_}, [&] {
      f({block_ * per_block + whole % per_block, whole % per_block, rest});
    });
  }

  std::int64_t input_of(std::int64_t channel, std::int64_t k) const {
    return channel / ocg_ * icg_ + k;
  }
  Affine input_base(const Period& p) const { return p.tensor * (period_ / ocg_ * icg_); }
  Affine strip_channel(const Period& p, std::int64_t vector) const {
    return p.local * period_ + vector * L_;
  }
  void each_vector_of(const Period& p, const std::function<void(std::int64_t, int)>& f) {
    for (std::int64_t v = 0; v * L_ < p.count; ++v)
      f(v, static_cast<int>(std::min<std::int64_t>(L_, p.count - v * L_)));
  }

  // Channels-last, few input channels in a group: each vector is put together from the pixel's
  // vectors that hold its channels.
  void gather(const Row& row, const Row& image, const Affine& v, const Affine& i, const Period& p,
              std::int64_t k, std::int64_t vector, int lanes) {
    const std::int64_t inputs = p.count / ocg_ * icg_;
    b_.scope([&] {
      const Reg z = b_.vec("z", {}, problem_.sum_dtype());
      const auto part = [&](std::int64_t m) {
        Row at = image;
        at.push_back(i);
        const std::int64_t left = inputs - m * L_;
        Row further = at;
        further.back() += ahead_.distance();
        ahead_.near({tensors_.input, tensor_index(problem_, n_, input_base(p) + m * L_, further)});
        return ir::load({tensors_.input, tensor_index(problem_, n_, input_base(p) + m * L_, at)},
                        left >= L_ ? Lanes{} : Lanes{0, static_cast<int>(left)});
      };
      const std::int64_t first = input_of(vector * L_, k) / L_;
      const std::int64_t last_part = input_of(vector * L_ + lanes - 1, k) / L_;
      b_.mov(z(), part(first));
      if (icg_ != 1 || ocg_ != 1) {
        std::vector<int> own(static_cast<std::size_t>(L_));
        for (int l = 0; l < L_; ++l) {
          const std::int64_t in = input_of(vector * L_ + std::min(l, lanes - 1), k);
          own[static_cast<std::size_t>(l)] = in / L_ == first ? static_cast<int>(in % L_) : l;
        }
        b_.perm(z(), z(), z(), own);
        for (std::int64_t m = first + 1; m <= last_part; ++m) {
          std::vector<int> lanes_of(static_cast<std::size_t>(L_));
          for (int l = 0; l < L_; ++l) {
            const std::int64_t in = input_of(vector * L_ + std::min(l, lanes - 1), k);
            lanes_of[static_cast<std::size_t>(l)] =
                in / L_ == m ? static_cast<int>(L_ + in % L_) : l;
          }
          b_.scope([&] {
            const Reg y = b_.vec("y", {}, problem_.sum_dtype());
            b_.mov(y(), part(m));
            b_.perm(z(), z(), y(), lanes_of);
          });
        }
      }
      keep(row, v, p, vector, k, z());
    });
  }

  // The lanes of a vector's output channels, each with `count` neighbours in memory from input
  // channel k on (channels-last: of its group, channels-first: columns), transposed: row r of the
  // result is neighbour r.
  Reg transposed(const Row& image, const Affine& i, const Period& p, std::int64_t vector, int lanes,
                 const Affine& k, int count) {
    const Reg z = b_.vec("z", {L_}, problem_.sum_dtype());
    for (int l = 0; l < L_; ++l) {
      if (l >= lanes) {
        b_.mov(z(l), ir::bits(0));
        continue;
      }
      Row at = image;
      at.push_back(i);
      const Affine channel = input_base(p) + input_of(vector * L_ + l, 0) + k;
      b_.mov(z(l), ir::load({tensors_.input, tensor_index(problem_, n_, channel, at)},
                            count == L_ ? Lanes{} : Lanes{0, count}));
    }
    emit_transpose(b_, z, problem_.sum_dtype());
    return z;
  }
  void keep(const Row& row, const Affine& column, const Period& p, std::int64_t vector,
            const Affine& k, const ir::RegRef& value) {
    Row at = row;
    at.push_back(column);
    at.push_back(strip_channel(p, vector) + k * block_channels());
    b_.store({strip_.view, at}, value);
  }

  // Channels-last, many input channels in a group.
  void spread_block(const Row& row, const Row& image, const Affine& v, const Affine& i,
                    const Period& p) {
    const auto block = [&](std::int64_t vector, int lanes, const Affine& k, int inputs) {
      b_.scope([&] {
        const Reg z = transposed(image, i, p, vector, lanes, k, inputs);
        b_.unroll("i", 0, inputs, [&](const Affine& c) { keep(row, v, p, vector, k + c, z(c)); });
      });
    };
    each_vector_of(p, [&](std::int64_t vector, int lanes) {
      b_.loop("k", 0, icg_ / L_, [&](const Affine& k) { block(vector, lanes, k * L_, L_); });
      const auto rest = static_cast<int>(icg_ % L_);
      if (rest != 0) block(vector, lanes, icg_ - rest, rest);
    });
  }

  void spread(const Row& row, const Row& image, const Affine& v, const Affine& i, const Period& p) {
    if (icg_ > kGatheredChannels) return spread_block(row, image, v, i, p);
    each_vector_of(p, [&](std::int64_t vector, int lanes) {
      for (std::int64_t k = 0; k < icg_; ++k) gather(row, image, v, i, p, k, vector, lanes);
    });
  }

  // Channels-first: `columns` columns of L channels.
  void spread_transposed(const Row& row, const Row& image, const Affine& v, const Affine& i,
                         int columns, const Period& p) {
    each_vector_of(p, [&](std::int64_t vector, int lanes) {
      b_.loop("k", 0, icg_, [&](const Affine& k) {
        const Reg z = transposed(image, i, p, vector, lanes, k, columns);
        b_.unroll("i", 0, columns, [&](const Affine& c) { keep(row, v + c, p, vector, k, z(c)); });
      });
    });
  }

  std::int64_t icg_, ocg_;
  std::int64_t period_;  // output channels after which the pattern of lanes repeats
};

}  // namespace

std::string why_not_channelwise(const Problem& p, const Plan& plan, const ir::Target& target) {
  if (plan.mr < 1 || plan.nr < 1 || plan.rows < 1) return "mr, nr and rows must be at least 1";
  const int registers = plan.mr * plan.nr + 1 + p.type().multiply_add_registers;
  if (registers > target.registers)
    return fmt::format("a tile of {}x{} needs {} registers, {} has {}", plan.mr, plan.nr, registers,
                       target.name, target.registers);
  if (p.g == 1) return "there is one group";
  const AxisPhases width = phases(p.axes.back());
  if (plan.phases != 1) {
    if (plan.phases < 1 || p.axes.back().d != 1 || plan.cols != 0 || p.i_min > 0)
      return "phases needs whole rows of a known length, and no dilation along the width";
    constexpr std::int64_t kMostStride = 64;  // what is not joint is code of its own
    if (plan.phases > p.axes.back().s || p.axes.back().s > kMostStride)
      return fmt::format("phases={}: at most the stride of {}, and strides of at most {}",
                         plan.phases, p.axes.back().s, kMostStride);
    if (width.taps > 1 && p.group_ic() > 1)
      return "phases needs one input channel in a group, or one tap along the width";
    const std::int64_t joint = std::int64_t{plan.phases} * (plan.mr * plan.nr + width.taps) + 1 +
                               p.type().multiply_add_registers;
    if (joint > target.registers)
      return fmt::format("{} phases of {}x{} need {} registers, {} has {}", plan.phases, plan.mr,
                         plan.nr, joint, target.name, target.registers);
  }
  if (plan.tile != TileAxis::w) return "channelwise tiles run along the width";
  if (plan.ku != 1) return "channelwise has no ku";
  if (plan.prefetch && (p.layout != Layout::channels_last || p.group_ic() > kGatheredChannels))
    return "channelwise has prefetch for few input channels in a group, channels-last";
  if (std::string reason = why_not_open(p, plan); !reason.empty()) return reason;
  const int lanes = target.lanes(p.sum_dtype());
  if (p.group_ic() > kGatheredChannels && !can_transpose(target, p.sum_dtype()))
    return fmt::format(
        "more than {} input channels in a group are transposed, and {} lanes of {} "
        "leave no registers for it",
        kGatheredChannels, lanes, ir::name(p.sum_dtype()));
  const std::int64_t period = std::lcm(std::int64_t{lanes}, p.group_oc());
  // The pattern of lanes is code: it must stay short. A strip must stay in L2.
  constexpr std::int64_t kMostVectors = 8, kMostStripChannels = 1 << 15;
  const bool last = p.layout == Layout::channels_last;
  const std::int64_t vectors = std::min(period, (p.oc + lanes - 1) / lanes * lanes) / lanes;
  if (vectors > kMostVectors)
    return fmt::format("groups of {} channels repeat after {} vectors only: too much code",
                       p.group_oc(), vectors);
  const std::int64_t block = plan.panels > 0 ? std::int64_t{plan.panels} * plan.nr * lanes : p.oc;
  if (block * p.group_ic() > kMostStripChannels)
    return fmt::format("{} channels per pixel of the strip, at most {}", block * p.group_ic(),
                       kMostStripChannels);
  if (plan.panels > 0 && std::int64_t{plan.panels} * plan.nr * lanes % period != 0)
    return "panels must hold whole periods of groups";
  if (plan.stream && (!last || p.oc % lanes != 0 || p.output_pixel_stride % lanes != 0))
    return "stream needs channels-last and whole vectors of output channels";
  if (plan.cols == 0) return {};
  if (!last) return "cols needs channels-last";
  if (plan.cols % plan.mr != 0) return "cols must be a multiple of mr";
  return {};
}

Lowered lower_channelwise(const Problem& problem, const Plan& plan, const ir::Target& target) {
  const std::string reason = why_not_channelwise(problem, plan, target);
  require(reason.empty(), reason);
  return Channelwise(problem, plan, target).lower();
}

}  // namespace tconv::planner

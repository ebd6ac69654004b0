// Cost of the winograd schedule.
#include <algorithm>
#include <cmath>

#include "planner/candidates.h"

namespace tconv::planner {
namespace {

class Kernel {
 public:
  Kernel(const CostModel& model, const Plan& plan, const ir::Target& target,
         const std::vector<WinogradAxis>& axes, bool open)
      : model_(model), plan_(plan), axes_(axes), lanes_(target.lanes(model.problem().sum_dtype())) {
    element_ = ir::bytes(model.problem().sum_dtype());
    for (const WinogradAxis& a : axes) {
      phases_ *= static_cast<double>(a.t_end - a.t_begin);
      points_ *= static_cast<double>(a.points());
      steps_ *= static_cast<double>(a.steps());
      results_ *= static_cast<double>(a.results());
      grid_ *= static_cast<double>(a.grid());
    }
    results_ *= plan.images;
    open_ = open;
    if (open) {
      const WinogradAxis& width = axes.back();
      const auto m = static_cast<double>(plan.m.back());
      full_ = std::ceil(static_cast<double>(width.x.blocks()) / m) * m /
              static_cast<double>(width.grid() * width.block);
    }
    vectors_ = std::ceil(static_cast<double>(model.problem().group_oc()) / lanes_);
    panels_ = std::ceil(vectors_ / plan.nr);
    blocks_ = plan.panels > 0 ? std::ceil(panels_ / plan.panels) : 1;
  }

  // All grid points.
  double cycles() const {
    // Tiles that a filter from beyond L2 is fetched ahead for wait less: 512 -> 256, k16 s8, i=359:
    // 12x2 with fetch 8.7 ms, without 8.9, 6x4 and 9x3 9.05; i=179: 4.4, 4.8, 4.6; the mean of 13
    // is 2%. From L2 all are alike (Zen 4).
    const bool far = model_.beyond_l2(filter_bytes() * static_cast<double>(model_.problem().g));
    const double waited = far && plan_.fetch == 0 ? 1.02 : 1;
    const double products = full_ * waited * this->products();
    // The filter comes anew into every grid point; part of that is hidden (512 -> 256, k16 s8:
    // blocks of 12 tiles are 14% slower than blocks of 36).
    const double filter =
        filter_bytes() / blocks_ /
        model_.bandwidth(filter_bytes() * static_cast<double>(model_.problem().g));
    const double hidden = std::max(products, 0.45 * products + filter);
    // Never all of it, which decides between the blocks of an open length: even parts of the row do
    // not (512 -> 256, k16 s8, i=100 to 1000: blocks of 24 tiles are 3-7% slower than of 48 and
    // 96).
    const double again = open_ ? 0.15 * filter : 0;
    return grid_points() * (full_ * inputs() + hidden + again + full_ * outputs());
  }
  double grid_points() const {
    const Problem& p = model_.problem();
    return grid_ * blocks_ * static_cast<double>(p.g) * static_cast<double>(p.n) / plan_.images;
  }
  double filter_bytes() const {
    return phases_ * points_ * steps_ * vectors_ * lanes_ *
           static_cast<double>(model_.problem().group_ic()) * element_;
  }

 private:
  double inputs() const {
    const double channels = std::ceil(static_cast<double>(model_.problem().group_ic()) / lanes_);
    double size = channels * plan_.images;  // vectors
    for (const WinogradAxis& a : axes_) size *= static_cast<double>(a.window());
    constexpr double kCopied = 3;
    double cycles = size * kCopied, stored = 0, total = size;
    for (const WinogradAxis& a : axes_) {
      if (!a.transformed()) continue;
      size *= static_cast<double>(a.entries()) / static_cast<double>(a.window()) *
              static_cast<double>(a.points());
      // Per value a load, a store (one every other cycle) and about an operation.
      cycles += size * 2;
      stored += size;
      total += size;
    }
    // Buffers that are all in L2 when the next grid point writes them, or not (64 -> 3, m=5x3:
    // 1.2 MB of them 17% slower than 0.1 MB, Zen 4).
    return cycles + stored * 64 / model_.bandwidth(total * 64);
  }

  double products() const {
    const Problem& p = model_.problem();
    const double icg = static_cast<double>(p.group_ic());
    double data = icg * element_ * results_ * points_;
    const double slice = icg * steps_ * plan_.nr * lanes_ * element_;
    // A slice of the filter is read from afar once and then from the cache that it fits into.
    const double near = model_.bandwidth(slice);
    const double wide = model_.bandwidth(data + slice);
    const auto tile = [&](double pixels, double nv) {
      const double loads = pixels + nv;
      const double step =
          std::max(model_.step_cycles(pixels * nv, loads, nv * lanes_ * element_, near),
                   pixels * element_ * 4 / wide);
      constexpr double kAround = 15, kPerVector = 2;
      return steps_ * icg * step + kAround + kPerVector * pixels * nv;
    };
    const double whole = std::floor(results_ / plan_.mr), rest = results_ - whole * plan_.mr;
    const double last = vectors_ / blocks_ - (panels_ / blocks_ - 1) * plan_.nr;
    const auto tiles = [&](double nv) {
      return whole * tile(plan_.mr, nv) + (rest > 0 ? tile(rest, nv) : 0);
    };
    return phases_ * points_ *
           ((panels_ / blocks_ - 1) * tiles(plan_.nr) + tiles(std::max(last, 1.0)));
  }

  double outputs() const {
    const double count = phases_ * vectors_ / blocks_ * results_;  // vectors of whole tiles
    double values = points_, cycles = 0;
    bool direct = true;
    // In place from the width outwards, the last transformed axis into the output.
    for (std::size_t a = axes_.size(); a-- > 0;) {
      if (!axes_[a].transformed()) continue;
      const auto n = static_cast<double>(axes_[a].points()), m = static_cast<double>(axes_[a].m());
      cycles += values * 1.2 + values * m / n * 1.5;
      values *= m / n;
      direct = false;
    }
    if (direct) cycles = 3;
    const Problem& p = model_.problem();
    cycles += values * (1.5 + static_cast<double>(p.post.size()));
    // Products that outgrew L1 come back from L2.
    const double bytes = results_ * points_ * plan_.nr * lanes_ * element_;
    cycles += points_ * 64 / model_.bandwidth(bytes);
    return count * cycles;
  }

  const CostModel& model_;
  const Plan& plan_;
  const std::vector<WinogradAxis>& axes_;
  int lanes_;
  double element_ = 4, phases_ = 1, points_ = 1, steps_ = 1, results_ = 1, grid_ = 1;
  double vectors_ = 1, panels_ = 1, blocks_ = 1;
  bool open_ = false;
  double full_ = 1;  // where the last grid point does only what is left: of all of them, the mean
};

}  // namespace

double winograd_us(const CostModel& model, const Plan& plan, const ir::Target& target,
                   const std::vector<std::vector<WinogradAxis>>& kernels, bool open) {
  double cycles = 0, points = 0, filter = 0;
  for (const auto& axes : kernels) {
    const Kernel kernel(model, plan, target, axes, open);
    cycles += kernel.cycles();
    points += kernel.grid_points();
    filter += kernel.filter_bytes();
  }
  const Problem& p = model.problem();
  const double element = ir::bytes(p.dtype);
  // Streaming stores come in bursts that hide behind the products, whatever their length: 64 -> 64,
  // 64x64, k4 s2, 11x2 against 6x4: 202 and 200 GFLOP/s (Zen 4).
  const bool passes =
      !plan.stream && (plan.nr * target.lanes(p.sum_dtype()) < p.group_oc() || p.g > 1);
  const double chunk = passes ? std::min<double>(static_cast<double>(p.group_oc()),
                                                 plan.nr * target.lanes(p.sum_dtype())) *
                                    ir::bytes(p.output_dtype())
                              : 0;
  const double plain = static_cast<double>(filter_elements(p)) * element;
  const double more = std::max(0.0, filter * static_cast<double>(p.g) - plain) /
                      model.bandwidth(filter * static_cast<double>(p.g));
  const double memory = model.memory_cycles(plan.stream, chunk) + more;
  return model.finish(CostModel::overlap(cycles, memory, model.prefetched_cycles(plan, 0)), points);
}

}  // namespace tconv::planner

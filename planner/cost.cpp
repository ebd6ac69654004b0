#include "planner/cost.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tconv::planner {
namespace {

// Lines at this distance from each other share the sets of a 4 KB-per-way L1: how much slower the
// loads of `lines` of them get. Measured on Zen 5 (12 ways), 64 images of 256 KB, 16 and 22 at a
// time: 1.9x and 2.8x.
double conflict(double stride_bytes, int lines) {
  constexpr std::int64_t kWay = 4096, kLine = 64;
  constexpr double kFreeWays = 9, kPerLine = 0.14;
  const std::int64_t spread = kWay / std::gcd(static_cast<std::int64_t>(stride_bytes), kWay);
  const double per_set = lines / static_cast<double>(std::min(spread, kWay / kLine));
  return per_set > kFreeWays ? 1 + (per_set - kFreeWays) * kPerLine : 1;
}

}  // namespace

CostModel::CostModel(const Problem& problem, const Machine& machine, int lanes)
    : problem_(problem), machine_(machine), lanes_(lanes) {
  for (const Axis& a : problem_.axes) {
    axes_.push_back(phases(a));
    taps_.push_back(a.o == 0 ? 0 : products(a) / static_cast<double>(a.o));
  }
  width_runs_ = runs(axes_.back());
  const double element = ir::bytes(problem_.dtype);
  input_bytes_ = static_cast<double>(input_elements(problem_)) * element;
  output_bytes_ =
      static_cast<double>(output_elements(problem_)) * ir::bytes(problem_.output_dtype());
  filter_bytes_ = static_cast<double>(filter_elements(problem_)) * element;
}

double CostModel::bandwidth(double bytes) const {
  // Two thirds of a level: the rest is what streams through it.
  if (bytes * 1.5 <= static_cast<double>(machine_.l1_bytes)) return machine_.loads_per_cycle * 64;
  if (bytes * 1.5 <= static_cast<double>(machine_.l2_bytes)) return machine_.l2_bytes_per_cycle;
  if (bytes * 1.5 <= static_cast<double>(machine_.l3_bytes)) return machine_.l3_bytes_per_cycle;
  return machine_.dram_bytes_per_cycle;
}

std::int64_t CostModel::stream_from_bytes() const {
  // Zen 4, each plan in a process of its own: twelve compute-bound layers with outputs of 1 to 17
  // MB gain 3% to 15%; depthwise ones lose 10% where tensors stay in L3. Zen 5: no difference.
  constexpr double kHidden = 2;
  const bool hidden = work_cycles() > kHidden * output_bytes_ / machine_.dram_write_bytes_per_cycle;
  return hidden ? std::min(machine_.l2_bytes - 1, machine_.stream_from_bytes)
                : machine_.stream_from_bytes;
}

bool CostModel::prefetches() const {
  if (!beyond_l2(input_bytes_)) return false;
  // The short runs of an open length have nothing ahead, and what is prefetched there takes the
  // place of the filter: 512 -> 256, k16 s8, i=283: 6.9 ms without, 7.3 ms with it (Zen 4). Where
  // reading is a small part of the work, long runs gain nothing.
  constexpr double kLeastPart = 0.03;
  return problem_.i_min == 0 ||
         input_bytes_ / machine_.dram_bytes_per_cycle > kLeastPart * work_cycles();
}

double CostModel::prefetched_cycles(const Plan& plan, double local) const {
  if (!plan.prefetch) return 0;
  // The next grid point is further along the innermost axis that has several.
  double pixels = plan.images;
  bool whole = true;
  for (std::size_t a = axes_.size(); a-- > 0;) {
    const std::int64_t m = plan.m.empty() ? 1 : plan.m[a];
    const std::int64_t block = a + 1 == axes_.size()   ? plan.cols
                               : a + 2 == axes_.size() ? plan.rows
                                                       : m;
    const std::int64_t all = axes_[a].blocks();
    if (!whole) break;
    whole = block == 0 || block >= all;
    pixels *= static_cast<double>(std::min(whole ? all : block, axes_[a].axis.i));
  }
  const double next = pixels * static_cast<double>(problem_.ic) * ir::bytes(problem_.dtype);
  return beyond_l2(local + next) ? 0 : input_bytes_ / read_bytes_per_cycle();
}

double CostModel::read_bytes_per_cycle() const {
  const double total = input_bytes_ + output_bytes_ + filter_bytes_;
  return total * 1.5 <= static_cast<double>(machine_.l3_bytes) ? machine_.l3_bytes_per_cycle
                                                               : machine_.dram_bytes_per_cycle;
}

double CostModel::step_cycles(double fmas, double loads, double filter_bytes,
                              double filter_bytes_per_cycle) const {
  constexpr double kLatency = 4;  // of an FMA: every accumulator takes one per step
  return std::max({fmas / fma_per_cycle(), loads / machine_.loads_per_cycle, kLatency,
                   filter_bytes / filter_bytes_per_cycle});
}

double CostModel::memory_cycles(bool stream, double chunk) const {
  constexpr double kLine = 64, kRun = 256;
  double written = output_bytes_, slower = 1;
  const bool whole_lines =
      chunk == 0 ||
      (std::fmod(chunk, kLine) == 0 && problem_.oc * ir::bytes(problem_.output_dtype()) % 64 == 0);
  const bool short_runs = chunk > 0 && chunk < kRun;
  const bool beyond_l2 = output_bytes_ > static_cast<double>(machine_.l2_bytes);
  const bool parts = !whole_lines && !stream && beyond_l2;
  if (parts) {
    // A line that is written in parts, long after each other, is read before each: measured on Zen
    // 5 at 3 to 4 bytes per cycle (32 groups of 8 channels, 3 MB and 17 MB of output).
    written *= (std::floor(chunk / kLine) + 1) * kLine / chunk;
    slower = 2;
  } else if (stream && short_runs) {
    // Streaming stores go out by the line; runs of few lines to the same page cost more. Depthwise
    // k4 s2, 64 channels of 64x64, 2 images: 31 GFLOP/s in runs of 2 lines, 45 in runs of 4 (Zen
    // 4).
    slower = kRun / chunk;
  } else if (short_runs && beyond_l2) {
    // 1 -> 64 channels, k4 s2, 17 MB of output: 0.61 ms in runs of 4 lines, 0.79 ms of 2, 1.0 of 1.
    slower = std::pow(kRun / chunk, 0.4);
  }
  // A host's share of a cache that it does not own alone is less than its size: outputs that are
  // worth streaming go to memory.
  const bool far_output = output_bytes_ > static_cast<double>(machine_.stream_from_bytes);
  const double write = stream                ? machine_.stream_write_bytes_per_cycle
                       : far_output || parts ? machine_.dram_write_bytes_per_cycle
                                             : machine_.l3_bytes_per_cycle;
  return (input_bytes_ + filter_bytes_) / read_bytes_per_cycle() + written * slower / write;
}

double CostModel::strip_columns(const Plan& plan, const AxisPhases& width) {
  const std::int64_t row = width.axis.i + 2 * width.halo();
  return static_cast<double>(plan.cols > 0 ? std::min(plan.cols + width.halo(), row) : row);
}

double CostModel::finish(double cycles, GridSize grid) const {
  const double threads = std::max(1, machine_.threads);
  // The last point is the small one. Whoever is free takes it: after full rounds it is waited for.
  const double full = std::floor(grid.worth), rest = grid.worth - full;
  const double rounds =
      std::fmod(full, threads) == 0 ? full / threads + rest : std::ceil(full / threads);
  const double uneven = grid.worth < 1 ? 1 : rounds * threads / grid.worth;
  // Threads do not begin together, and other processes take cores away: a part of the last point is
  // waited for. Without it, two equal halves would look best.
  constexpr double kWaited = 0.15;
  const double waited = threads > 1 ? kWaited * cycles / std::max(1.0, grid.worth) : 0;
  const double each =
      (cycles * uneven + grid.points * machine_.grid_point_cycles) / threads + waited;
  return each / (machine_.ghz * 1e3) + (threads > 1 ? machine_.fork_us : 0);
}

GridSize CostModel::direct_grid(const Plan& plan) const {
  const bool along_width = plan.tile == TileAxis::w;
  GridSize grid;
  grid.repeat(static_cast<double>(problem_.g * (along_width ? problem_.n : 1)));
  const std::size_t outer = along_width ? axes_.size() - 1 : axes_.size();
  for (std::size_t a = 0; a < outer; ++a)
    grid.split(static_cast<double>(axes_[a].blocks()), a + 1 == outer ? plan.rows : 1);
  if (along_width && plan.cols > 0)
    grid.split(static_cast<double>(axes_.back().blocks()), static_cast<double>(plan.cols));
  const double vectors = std::ceil(static_cast<double>(problem_.group_oc()) / lanes_);
  if (plan.panels > 0) grid.split(std::ceil(vectors / plan.nr), plan.panels);
  return grid;
}

double CostModel::direct_us(const Plan& plan) const {
  const Problem& p = problem_;
  const bool along_width = plan.tile == TileAxis::w, last = p.layout == Layout::channels_last;
  const double element = ir::bytes(p.dtype);
  const double icg = static_cast<double>(p.group_ic()), ocg = static_cast<double>(p.group_oc());
  // A step is a channel or a pair of them; what its instruction takes, in FMAs.
  const double per_step = plan.dot2 ? 2 : 1;
  const double instruction = plan.dot2 ? 2 / std::max(machine_.dot2_rate(), 0.25) : 1;
  const double vectors = std::ceil(ocg / lanes_);
  const double panels = std::ceil(vectors / plan.nr);
  const std::size_t outer = along_width ? axes_.size() - 1 : axes_.size();

  double outer_taps = 1, outer_outputs = 1, filter_slice = icg * plan.nr * lanes_ * element;
  for (std::size_t a = 0; a < outer; ++a) {
    outer_taps *= taps_[a];
    outer_outputs *= static_cast<double>(axes_[a].axis.o);
    filter_slice *= std::max(1.0, taps_[a]);  // what one output reads, not what all borders could
  }
  if (along_width) filter_slice *= static_cast<double>(axes_.back().taps);
  const double slice_bandwidth = bandwidth(filter_slice);

  double pixel_bytes = static_cast<double>(p.input_pixel()) * element;
  if (!along_width)
    for (const Axis& a : p.axes) pixel_bytes *= static_cast<double>(a.i);
  const bool local = plan.strip || !last;  // strips are padded against conflicts
  const double slowdown = local ? 1 : conflict(pixel_bytes, plan.mr);

  // Loads that convert take two instructions more, which the multiply-adds wait for.
  const double conversions = p.type().converts() && !plan.dot2 ? 2 : 0;

  // One tile: `steps` of the innermost loop and what surrounds them.
  const auto tile = [&](double pixels, double nv, double taps) {
    const double steps = taps * std::ceil(icg / per_step);
    const double fma =
        steps > 0
            ? step_cycles(pixels * nv * instruction + conversions * (nv + (local ? 0 : pixels)),
                          pixels + nv, nv * lanes_ * per_step * element, slice_bandwidth) *
                  (pixels > 1 ? slowdown : 1)
            : 0;
    return steps * fma + taps * 5 + 20 + pixels * nv * (last ? 2.0 : 2.5) +
           pixels * nv * static_cast<double>(p.post.size());
  };
  // All tiles of a row (or of the batch) for one panel of nv vectors.
  const auto tiles = [&](double nv) {
    if (!along_width) {
      const double whole = std::floor(static_cast<double>(p.n) / plan.mr);
      const double rest = static_cast<double>(p.n % plan.mr);
      return whole * tile(plan.mr, nv, outer_taps) + (rest > 0 ? tile(rest, nv, outer_taps) : 0);
    }
    double cycles = 0;
    for (const Run& r : width_runs_) {
      const AxisPhases& w = axes_.back();
      const auto count = static_cast<double>(r.q_end - r.q_begin);
      double edges = 0;
      if (!plan.strip && r.taps > 1) {
        const auto halo = static_cast<double>((r.taps - 1) * w.D);
        edges = std::min(count, 2 * halo);
      }
      const double inner = r.taps == 0 ? 0 : count - edges;
      const double whole = std::floor(inner / plan.mr), rest = inner - whole * plan.mr;
      const double taps = outer_taps * static_cast<double>(r.taps);
      double run = whole * tile(plan.mr, nv, taps) + (rest > 0 ? tile(rest, nv, taps) : 0);
      run += edges * tile(1, nv, taps / 2);
      if (r.taps == 0) run += count * tile(1, nv, 0);
      cycles += run * static_cast<double>(r.phases());
    }
    return cycles;
  };
  const double rest_vectors = vectors - (panels - 1) * plan.nr;
  const double images = static_cast<double>(p.g) * (along_width ? static_cast<double>(p.n) : 1);
  double cycles = ((panels - 1) * tiles(plan.nr) + tiles(rest_vectors)) * images * outer_outputs;

  // Grid points, and what each reads anew: its filter panels and its strip.
  const GridSize grid = direct_grid(plan);
  const double panel_blocks = plan.panels > 0 ? std::ceil(panels / plan.panels) : 1;
  const double points = grid.points;
  const double filter_total = filter_bytes_ / static_cast<double>(p.g) / panel_blocks;
  cycles = std::max(cycles, points * filter_total / bandwidth(filter_bytes_) * 0.8 + cycles * 0.25);
  // The input rows of a grid point, in the tensor or in a strip.
  double rows_read = icg * element, phases = 1;
  for (std::size_t a = 0; a < outer; ++a)
    rows_read *= static_cast<double>(a + 1 == outer && plan.rows > 1 ? plan.rows + axes_[a].halo()
                                                                     : axes_[a].taps);
  if (along_width) rows_read *= strip_columns(plan, axes_.back());
  for (const AxisPhases& x : axes_) phases *= static_cast<double>(std::min(x.S, x.axis.k));
  if (plan.strip || !last) {
    const double local_element = ir::bytes(plan.dot2 ? p.dtype : p.sum_dtype());
    const double strip = rows_read / element * local_element;
    const double per_vector = (last ? 1.5 : 6.0) + 64 / bandwidth(strip);
    cycles += points * strip / (lanes_ * local_element) * per_vector;
    // Broadcasts from a strip that does not stay in L2 wait for it.
    if (beyond_l2(strip)) cycles *= 1.15;
  } else if (along_width && beyond_l2(rows_read)) {
    // Every phase and panel reads them anew. k2 s2 128 -> 64, 196x196, blocks of 1.6 MB, 1 MB of
    // L2: 98 GFLOP/s with two panels, 102 with one, in blocks that fit 99 and 106 (Zen 4).
    const double passes = phases * panels / panel_blocks - 1;
    cycles += points * passes * rows_read / bandwidth(rows_read);
  }
  if (!last) {  // the row buffer is written, read, transposed and written out
    const double row_vectors =
        outer_outputs * static_cast<double>(axes_.back().axis.o) * vectors * images;
    cycles += row_vectors * 6;
  }
  // Panels and groups write their parts of a pixel in separate passes.
  const bool passes = panels > 1 || p.g > 1;
  const double chunk = last && passes ? std::min(ocg, static_cast<double>(plan.nr * lanes_)) *
                                            ir::bytes(p.output_dtype())
                                      : 0;
  const double prefetched = prefetched_cycles(plan, rows_read);
  // Short runs of streaming stores do no harm where they hide behind the work: 512 -> 512 by 1x12,
  // tiles of 14x2 and 4x6: 3.1 and 3.4 ms (Zen 4).
  const double unbroken = memory_cycles(plan.stream);
  const bool hidden = plan.stream && cycles > 2 * unbroken;
  const double traffic = hidden ? unbroken : memory_cycles(plan.stream, chunk);
  return finish(overlap(cycles, traffic, prefetched), grid);
}

double CostModel::bias_only_us() const { return finish(memory_cycles(false), 1); }

}  // namespace tconv::planner

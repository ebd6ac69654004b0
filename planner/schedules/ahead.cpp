#include "planner/schedules/ahead.h"

#include <algorithm>

#include "planner/integer.h"

namespace tconv::planner {

using ir::Affine;

std::string why_not_prefetch(const Problem& p, const Plan& plan) {
  if (!plan.prefetch) return {};
  if (p.g != 1) return "prefetch needs a single group: groups read slices of pixels";
  if (plan.tile != TileAxis::w) return "prefetch needs tile=w";
  return {};
}

Ahead::Ahead(ir::Builder& b, const Problem& problem, bool on) : b_(b), problem_(problem), on_(on) {}

void Ahead::declare(const Tensors& tensors) {
  if (!on_) return;
  const Problem& p = problem_;
  pixels_ = tensors.i;
  for (std::size_t a = 0; a + 1 < p.axes.size(); ++a) pixels_ = pixels_ * p.axes[a].i;
  std::vector<Affine> dims = {tensors.n, p.ic, pixels_};
  // Of n and i at most one is a param.
  if (p.layout == Layout::channels_last) {
    const Affine all = p.n_min > 0 ? tensors.n * (pixels_.constant() * p.input_pixel())
                                   : pixels_ * (p.n * p.input_pixel());
    dims = {all};
  }
  view_ = b_.view("xa", tensors.input, 0, p.dtype, dims);
}

void Ahead::next(const Affine& image, std::int64_t images, const std::vector<Along>& axes,
                 double steps) {
  if (!on_) return;
  // Numbers of steps are parts of addresses.
  constexpr double kMostSteps = 1LL << 40;
  count_ = 1;
  before_ = 0;
  std::size_t a = axes.size();
  if (const Along& width = axes.back(); a > 1 && width.points > 1) {
    if (steps <= kMostSteps) before_ = width.number * static_cast<std::int64_t>(steps);
    steps *= static_cast<double>(width.points);
    count_ = problem_.axes[--a].i;
  }
  steps_ = steps > kMostSteps ? 0 : static_cast<std::int64_t>(steps);
  while (a > 0 && axes[a - 1].points == 1) count_ *= problem_.axes[--a].i;
  first_ = 0;
  n_ = image + (a == 0 ? images : 0);
  if (a == 0) {
    count_ *= images;
    if (problem_.n <= images) steps_ = 0;  // nothing comes next
    return;
  }
  count_ *= axes[a - 1].block;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    first_ = first_ * problem_.axes[i].i;
    if (i < a) first_ += axes[i].begin + (i + 1 == a ? axes[i].block : 0);
  }
}

std::int64_t Ahead::distance() const {
  constexpr std::int64_t kBytes = 6 << 10;
  return ceil_div(kBytes, problem_.input_pixel() * ir::bytes(problem_.dtype));
}

void Ahead::near(ir::Mem mem) const {
  if (on_) b_.prefetch(std::move(mem), ir::Hint::l1);
}

void Ahead::step(const Affine& number, const Affine& channel) const {
  if (!active()) return;
  const Problem& p = problem_;
  const std::int64_t line = 64 / ir::bytes(p.dtype);
  // Steps are rarely as many as lines: more of them touch a line again, fewer take several. A long
  // input behind a short output, or wide gaps between pixels, are no reason for more than a few.
  constexpr std::int64_t kMostLines = 4;
  const auto lines = [&](std::int64_t each, auto&& index) {
    b_.unroll("a", 0, std::min(ceil_div(each, line), kMostLines), [&](const Affine& a) {
      b_.prefetch({view_, index(a * line)}, ir::Hint::l2);
    });
  };
  const Affine at = before_ + number;
  if (p.layout == Layout::channels_first) {
    const std::int64_t each = ceil_div(count_, steps_);
    lines(each, [&](const Affine& more) {
      return std::vector<Affine>{n_, channel, first_ + at * each + more};
    });
    return;
  }
  const std::int64_t stride = p.input_pixel();
  const std::int64_t each = ceil_div(count_ * stride, steps_ * p.ic);
  const Affine image = n_ * (pixels_.constant() * stride);
  lines(each, [&](const Affine& more) {
    return std::vector<Affine>{image + first_ * stride + (at * p.ic + channel) * each + more};
  });
}

}  // namespace tconv::planner

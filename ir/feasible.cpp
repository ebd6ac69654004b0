#include "ir/feasible.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace tconv::ir {
namespace {

// Real claims need a few dozen rows; a text made to blow up is answered with "not found".
constexpr std::size_t kMaxRows = 600;
constexpr std::int64_t kLargest = std::int64_t{1} << 62;

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  const std::int64_t q = a / b;
  return q * b > a ? q - 1 : q;
}

}  // namespace

void Feasibility::start(std::size_t variables) {
  variables_ = variables;
  stride_ = variables + 1;
  rows_.clear();
}

std::int64_t* Feasibility::row() {
  rows_.resize(rows_.size() + stride_);
  return &rows_[rows_.size() - stride_];
}

Feasibility::Kept Feasibility::tighten(std::int64_t* r) const {
  std::int64_t g = 0;
  for (std::size_t i = 0; i < variables_; ++i)
    if (r[i] != 0) g = g == 0 ? std::abs(r[i]) : std::gcd(g, r[i]);
  std::int64_t& constant = r[variables_];
  if (g == 0) return constant < 0 ? Kept::contradiction : Kept::no;
  if (g > 1) {
    for (std::size_t i = 0; i < variables_; ++i) r[i] /= g;
    constant = floor_div(constant, g);
  }
  return Kept::yes;
}

bool Feasibility::keep(std::vector<std::int64_t>& rows) {
  const std::size_t last = rows.size() - stride_;
  std::int64_t* r = &rows[last];
  const Kept kept = tighten(r);
  if (kept == Kept::contradiction) return true;
  bool drop = kept == Kept::no;
  for (std::size_t at = 0; at < last && !drop; at += stride_) {
    if (!std::equal(r, r + variables_, &rows[at])) continue;
    rows[at + variables_] = std::min(rows[at + variables_], r[variables_]);
    drop = true;
  }
  if (drop) rows.resize(last);
  return false;
}

// The variable whose elimination leaves the fewest rows; variables_ when none is left.
std::size_t Feasibility::cheapest() const {
  std::size_t best = variables_;
  long best_cost = std::numeric_limits<long>::max();
  for (std::size_t v = 0; v < variables_; ++v) {
    long below = 0, above = 0;
    for (std::size_t at = 0; at < rows_.size(); at += stride_) {
      below += rows_[at + v] > 0;
      above += rows_[at + v] < 0;
    }
    if (below + above == 0) continue;
    const long cost = below * above - below - above;
    if (cost < best_cost) best = v, best_cost = cost;
  }
  return best;
}

bool Feasibility::eliminate(std::size_t v) {
  next_.clear();
  for (std::size_t at = 0; at < rows_.size(); at += stride_)
    if (rows_[at + v] == 0) next_.insert(next_.end(), &rows_[at], &rows_[at] + stride_);
  for (std::size_t p = 0; p < rows_.size(); p += stride_) {
    if (rows_[p + v] <= 0) continue;
    for (std::size_t n = 0; n < rows_.size(); n += stride_) {
      if (rows_[n + v] >= 0) continue;
      const std::int64_t g = std::gcd(rows_[p + v], rows_[n + v]);
      const std::int64_t fp = -rows_[n + v] / g, fn = rows_[p + v] / g;
      next_.resize(next_.size() + stride_);
      std::int64_t* r = &next_[next_.size() - stride_];
      bool fits = true;
      for (std::size_t i = 0; i < stride_ && fits; ++i) {
        std::int64_t a = 0, b = 0;
        fits = !__builtin_mul_overflow(rows_[p + i], fp, &a) &&
               !__builtin_mul_overflow(rows_[n + i], fn, &b) &&
               !__builtin_add_overflow(a, b, &r[i]) && r[i] < kLargest && r[i] > -kLargest;
      }
      if (!fits) {
        next_.resize(next_.size() - stride_);
      } else if (keep(next_)) {
        return true;
      }
    }
  }
  rows_.swap(next_);
  return false;
}

bool Feasibility::contradictory() {
  next_.clear();
  for (std::size_t at = 0; at < rows_.size(); at += stride_) {
    next_.insert(next_.end(), &rows_[at], &rows_[at] + stride_);
    if (keep(next_)) return true;
  }
  rows_.swap(next_);
  while (rows_.size() <= kMaxRows * stride_) {
    const std::size_t v = cheapest();
    if (v == variables_) return false;
    if (eliminate(v)) return true;
  }
  return false;
}

}  // namespace tconv::ir

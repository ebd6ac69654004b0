#include "ir/facts.h"

#include <limits>

namespace tconv::ir {
namespace {

constexpr std::size_t kUnused = std::numeric_limits<std::size_t>::max();

Wide floor_div(Wide a, Wide b) {
  const Wide q = a / b;
  return q * b > a ? q - 1 : q;
}

}  // namespace

void Facts::declare(VarId v, Interval interval) {
  intervals_[v] = interval;
  slots_[v] = static_cast<int>(scope_.size());
  scope_.push_back(v);
  declared_.push_back(interval);
}

void Facts::leave(const Mark& mark) {
  for (; narrowed_.size() > mark.narrowed; narrowed_.pop_back())
    intervals_[narrowed_.back().var] = narrowed_.back().before;
  for (; scope_.size() > mark.scope; scope_.pop_back()) slots_[scope_.back()] = -1;
  declared_.resize(mark.scope);
  rows_.resize(mark.rows);
  terms_.resize(mark.terms);
}

void Facts::assume(const Affine& form) {
  narrow(form);
  if (form.terms().size() < 2) return;  // the interval says it all
  rows_.push_back({terms_.size(), terms_.size() + form.terms().size(), form.constant()});
  terms_.insert(terms_.end(), form.terms().begin(), form.terms().end());
}

// Tightens the interval of every variable of a form that is >= 0, given the intervals of the
// others.
void Facts::narrow(const Affine& form) {
  Wide top = form.constant();
  for (const Term& t : form.terms())
    top += Wide(t.coeff) * (t.coeff > 0 ? intervals_[t.var].hi : intervals_[t.var].lo);
  for (const Term& t : form.terms()) {
    Interval& i = intervals_[t.var];
    const Wide others = top - Wide(t.coeff) * (t.coeff > 0 ? i.hi : i.lo);
    const Wide bound =
        t.coeff > 0 ? -floor_div(others, t.coeff) : floor_div(others, -Wide(t.coeff));
    if (bound > kMaxNumber || bound < -kMaxNumber) continue;
    if (t.coeff > 0 ? bound <= i.lo : bound >= i.hi) continue;
    narrowed_.push_back({t.var, i});
    (t.coeff > 0 ? i.lo : i.hi) = static_cast<std::int64_t>(bound);
  }
}

bool Facts::range(const Affine& form, Interval& out) const {
  Wide lo = form.constant(), hi = form.constant();
  for (const Term& t : form.terms()) {
    const Interval& i = intervals_[t.var];
    lo += Wide(t.coeff) * (t.coeff > 0 ? i.lo : i.hi);
    hi += Wide(t.coeff) * (t.coeff > 0 ? i.hi : i.lo);
  }
  out = {static_cast<std::int64_t>(lo), static_cast<std::int64_t>(hi)};
  return lo >= -kMaxNumber && lo <= kMaxNumber && hi >= -kMaxNumber && hi <= kMaxNumber;
}

bool Facts::proves(const Affine& form, int sign, std::int64_t offset) {
  Interval i;
  if (range(form, i) && (sign > 0 ? i.lo : -i.hi) + offset >= 0) return true;
  // What has no variable in common with the claim matters only if it is contradictory by itself.
  return eliminates(form, sign, offset, false) || eliminates(form, sign, offset, true);
}

// Gives a column to every variable of the claim and of the rows that are connected with it.
std::size_t Facts::collect(const Affine& form, bool everything) {
  column_.assign(scope_.size(), kUnused);
  std::size_t columns = 0;
  const auto add = [&](VarId v) {
    std::size_t& c = column_[slot(v)];
    if (c != kUnused) return false;
    c = columns++;
    return true;
  };
  for (const Term& t : form.terms()) add(t.var);
  if (everything)
    for (VarId v : scope_) add(v);
  for (bool grown = true; grown;) {
    grown = false;
    for (const Row& r : rows_) {
      bool touches = false;
      for (std::size_t i = r.begin; i < r.end; ++i)
        touches |= column_[slot(terms_[i].var)] != kUnused;
      if (!touches) continue;
      for (std::size_t i = r.begin; i < r.end; ++i) grown |= add(terms_[i].var);
    }
  }
  return columns;
}

bool Facts::eliminates(const Affine& form, int sign, std::int64_t offset, bool everything) {
  const std::size_t columns = collect(form, everything);
  feasibility_.start(columns);
  std::int64_t* claim = feasibility_.row();  // its negation: -(sign * form + offset) - 1 >= 0
  for (const Term& t : form.terms()) claim[column_[slot(t.var)]] = -sign * t.coeff;
  claim[columns] = -sign * form.constant() - offset - 1;
  for (const Row& r : rows_) {
    if (column_[slot(terms_[r.begin].var)] == kUnused) continue;
    std::int64_t* row = feasibility_.row();
    for (std::size_t i = r.begin; i < r.end; ++i)
      row[column_[slot(terms_[i].var)]] = terms_[i].coeff;
    row[columns] = r.constant;
  }
  for (std::size_t s = 0; s < scope_.size(); ++s) {
    if (column_[s] == kUnused) continue;
    const Interval& i = intervals_[scope_[s]];
    std::int64_t* lower = feasibility_.row();
    lower[column_[s]] = 1;
    lower[columns] = -i.lo;
    std::int64_t* upper = feasibility_.row();
    upper[column_[s]] = -1;
    upper[columns] = i.hi;
  }
  return feasibility_.contradictory();
}

}  // namespace tconv::ir

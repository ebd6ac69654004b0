// Affine forms over the integer variables of a program: constant + sum of coefficient * variable.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace tconv::ir {

using VarId = std::uint32_t;  // index into Program::vars

struct Term {
  VarId var = 0;
  std::int64_t coeff = 0;
  bool operator==(const Term&) const = default;
};

// Terms are sorted by variable and never have coefficient 0, so equal forms compare equal.
class Affine {
 public:
  Affine() = default;
  Affine(std::int64_t constant) : constant_(constant) {}  // NOLINT: a number is an affine form
  Affine(int constant) : constant_(constant) {}           // NOLINT
  static Affine var(VarId v, std::int64_t coeff = 1) {
    Affine a;
    if (coeff != 0) a.terms_.push_back({v, coeff});
    return a;
  }

  std::int64_t constant() const { return constant_; }
  const std::vector<Term>& terms() const { return terms_; }
  bool is_constant() const { return terms_.empty(); }
  std::int64_t coeff(VarId v) const {
    for (const Term& t : terms_)
      if (t.var == v) return t.coeff;
    return 0;
  }

  Affine& operator+=(const Affine& b) { return add_scaled(b, 1); }
  Affine& operator-=(const Affine& b) { return add_scaled(b, -1); }
  Affine& operator*=(std::int64_t f) {
    constant_ *= f;
    if (f == 0) terms_.clear();
    for (Term& t : terms_) t.coeff *= f;
    return *this;
  }
  // this += factor * b
  Affine& add_scaled(const Affine& b, std::int64_t factor);

  // The form with `v` replaced by `value`.
  Affine substitute(VarId v, const Affine& value) const {
    Affine r = *this;
    const std::int64_t c = coeff(v);
    if (c == 0) return r;
    std::erase_if(r.terms_, [v](const Term& t) { return t.var == v; });
    return r.add_scaled(value, c);
  }
  // Renames the variables; `rename` must keep their order.
  template <class Rename>
  void rename(Rename&& rename) {
    for (Term& t : terms_) t.var = rename(t.var);
  }
  template <class ValueOf>  // ValueOf: VarId -> int64
  std::int64_t evaluate(ValueOf&& value_of) const {
    std::int64_t r = constant_;
    for (const Term& t : terms_) r += t.coeff * value_of(t.var);
    return r;
  }
  bool operator==(const Affine&) const = default;

 private:
  std::int64_t constant_ = 0;
  std::vector<Term> terms_;
};

inline Affine& Affine::add_scaled(const Affine& b, std::int64_t factor) {
  if (factor == 0) return *this;
  if (&b == this) return *this *= factor + 1;
  constant_ += factor * b.constant_;
  std::vector<Term> merged;
  merged.reserve(terms_.size() + b.terms_.size());
  auto i = terms_.begin();
  auto j = b.terms_.begin();
  while (i != terms_.end() || j != b.terms_.end()) {
    if (j == b.terms_.end() || (i != terms_.end() && i->var < j->var)) {
      merged.push_back(*i++);
    } else if (i == terms_.end() || j->var < i->var) {
      merged.push_back({j->var, j->coeff * factor});
      ++j;
    } else {
      const std::int64_t c = i->coeff + j->coeff * factor;
      if (c != 0) merged.push_back({i->var, c});
      ++i, ++j;
    }
  }
  terms_ = std::move(merged);
  return *this;
}

inline Affine operator+(Affine a, const Affine& b) { return a += b; }
inline Affine operator-(Affine a, const Affine& b) { return a -= b; }
inline Affine operator*(Affine a, std::int64_t f) { return a *= f; }
inline Affine operator*(std::int64_t f, Affine a) { return a *= f; }

}  // namespace tconv::ir

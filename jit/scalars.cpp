#include "jit/scalars.h"

#include <algorithm>
#include <stdexcept>

namespace tconv::jit {

using Xbyak::Reg64;

Xbyak::Address Scalars::slot(int index) const {
  return as_.qword[as_.rbp - static_cast<std::size_t>(8 * (kSavedRegisters + 1 + index))];
}

template <class Use>
void Scalars::with(ir::VarId v, Use&& use) const {
  const Home& h = homes_[v];
  switch (h.kind) {
    case Home::Kind::reg:
      return use(Reg64(h.index));
    case Home::Kind::slot:
      return use(slot(h.index));
    default:
      throw std::logic_error("emitter: a variable without a value");
  }
}

void Scalars::store(const Home& home, const Reg64& from) {
  if (home.kind == Home::Kind::reg) {
    as_.mov(Reg64(home.index), from);
  } else {
    as_.mov(slot(home.index), from);
  }
}
void Scalars::store(const Home& home, std::int64_t value) {
  if (home.kind == Home::Kind::reg) {
    as_.mov(Reg64(home.index), static_cast<std::uint64_t>(value));
  } else if (fits32(value)) {
    as_.mov(slot(home.index), static_cast<std::uint64_t>(value));
  } else {
    as_.mov(as_.rcx, static_cast<std::uint64_t>(value));
    as_.mov(slot(home.index), as_.rcx);
  }
}

std::optional<std::int64_t> Scalars::known(const ir::Affine& form) const {
  std::int64_t r = form.constant();
  for (const ir::Term& t : form.terms()) {
    if (!constant(t.var)) return std::nullopt;
    r += t.coeff * homes_[t.var].value;
  }
  return r;
}
std::optional<std::int64_t> Scalars::known_max(const std::vector<ir::Affine>& forms) const {
  std::optional<std::int64_t> best;
  for (const ir::Affine& f : forms) {
    const auto k = known(f);
    if (!k) return std::nullopt;
    if (!best || *k > *best) best = k;
  }
  return best;
}
std::optional<std::int64_t> Scalars::known_min(const std::vector<ir::Affine>& forms) const {
  std::optional<std::int64_t> best;
  for (const ir::Affine& f : forms) {
    const auto k = known(f);
    if (!k) return std::nullopt;
    if (!best || *k < *best) best = k;
  }
  return best;
}

Scalars::Range Scalars::range(const ir::Affine& form) const {
  __extension__ using Wide = __int128;
  Wide lo = form.constant(), hi = form.constant();
  for (const ir::Term& t : form.terms()) {
    Range r = ranges_[t.var];
    if (constant(t.var)) r = {homes_[t.var].value, homes_[t.var].value};
    lo += Wide{t.coeff} * (t.coeff > 0 ? r.lo : r.hi);
    hi += Wide{t.coeff} * (t.coeff > 0 ? r.hi : r.lo);
  }
  const auto near = [](Wide v) {
    return static_cast<std::int64_t>(std::clamp(v, Wide{-kFar}, Wide{kFar}));
  };
  return {near(lo), near(hi)};
}

void Scalars::set_range(ir::VarId v, const std::vector<ir::Affine>& lo,
                        const std::vector<ir::Affine>& hi) {
  Range r;
  for (const ir::Affine& form : lo) r.lo = std::max(r.lo, range(form).lo);
  for (const ir::Affine& form : hi) r.hi = std::min(r.hi, range(form).hi - 1);
  ranges_[v] = r;
}

std::optional<bool> Scalars::holds(const ir::Affine& form) const {
  const Range r = range(form);
  if (r.lo >= 0) return true;
  if (r.hi < 0) return false;
  return std::nullopt;
}

void Scalars::add_scaled(const Reg64& to, ir::VarId v, std::int64_t coeff) {
  const Reg64& tmp = as_.rcx;
  if (coeff == 1) return with(v, [&](const Xbyak::Operand& o) { as_.add(to, o); });
  if (coeff == -1) return with(v, [&](const Xbyak::Operand& o) { as_.sub(to, o); });
  if (coeff == 2 || coeff == 4 || coeff == 8) {
    return with(v, [&](const Xbyak::Operand& o) {
      if (o.isMEM()) as_.mov(tmp, o);
      const Reg64 index = o.isMEM() ? tmp : Reg64(o.getIdx());
      as_.lea(to, as_.ptr[to + index * static_cast<int>(coeff)]);
    });
  }
  if (fits32(coeff)) {
    with(v, [&](const Xbyak::Operand& o) { as_.imul(tmp, o, static_cast<int>(coeff)); });
  } else {
    as_.mov(tmp, static_cast<std::uint64_t>(coeff));
    with(v, [&](const Xbyak::Operand& o) { as_.imul(tmp, o); });
  }
  as_.add(to, tmp);
}

void Scalars::evaluate(const Reg64& to, const ir::Affine& form) {
  std::int64_t constant_part = form.constant();
  bool started = false;
  for (const ir::Term& t : form.terms()) {
    if (constant(t.var)) {
      constant_part += t.coeff * homes_[t.var].value;
    } else if (!started && t.coeff == 1) {
      with(t.var, [&](const Xbyak::Operand& o) { as_.mov(to, o); });
      started = true;
    } else {
      if (started) {
        add_scaled(to, t.var, t.coeff);
      } else if (fits32(t.coeff)) {
        with(t.var, [&](const Xbyak::Operand& o) { as_.imul(to, o, static_cast<int>(t.coeff)); });
      } else {
        as_.xor_(Xbyak::Reg32(to.getIdx()), Xbyak::Reg32(to.getIdx()));
        add_scaled(to, t.var, t.coeff);
      }
      started = true;
    }
  }
  if (!started) {
    as_.mov(to, static_cast<std::uint64_t>(constant_part));
  } else {
    as_.add_constant(to, constant_part, as_.rcx);
  }
}

void Scalars::evaluate_best(const std::vector<ir::Affine>& forms, bool maximum) {
  for (std::size_t i = 0; i < forms.size(); ++i) {
    evaluate(i == 0 ? as_.rax : as_.rdx, forms[i]);
    if (i == 0) continue;
    as_.cmp(as_.rax, as_.rdx);
    maximum ? as_.cmovl(as_.rax, as_.rdx) : as_.cmovg(as_.rax, as_.rdx);
  }
}

void Scalars::jump_if_negative(const ir::Affine& form, Xbyak::Label& away) {
  const ir::Term* only = nullptr;
  std::int64_t constant_part = form.constant();
  bool single = true;
  for (const ir::Term& t : form.terms()) {
    if (constant(t.var)) {
      constant_part += t.coeff * homes_[t.var].value;
    } else {
      single = single && only == nullptr;
      only = &t;
    }
  }
  if (single && only) {
    // Of one variable: a * v + c < 0 where v < -c / a rounded up, or v > c / -a rounded down.
    const bool up = only->coeff > 0;
    const std::int64_t a = up ? only->coeff : -only->coeff, c = up ? -constant_part : constant_part;
    const bool inexact = c % a != 0 && (c < 0) != up;
    const std::int64_t limit = c / a + (inexact ? (up ? 1 : -1) : 0);
    if (fits32(limit)) {
      with(only->var,
           [&](const Xbyak::Operand& o) { as_.cmp(o, static_cast<std::uint32_t>(limit)); });
      return up ? as_.jl(away, as_.T_NEAR) : as_.jg(away, as_.T_NEAR);
    }
  }
  // Mostly c - v - 2w: then v + 2w > c is shorter.
  int positive = 0, negative = 0;
  ir::Affine opposite;
  for (const ir::Term& t : form.terms()) {
    if (constant(t.var)) continue;
    ++(t.coeff > 0 ? positive : negative);
    opposite += ir::Affine::var(t.var, -t.coeff);
  }
  if (negative > positive && fits32(constant_part)) {
    evaluate(as_.rax, opposite);
    as_.cmp(as_.rax, static_cast<std::uint32_t>(constant_part));
    return as_.jg(away, as_.T_NEAR);
  }
  evaluate(as_.rax, form);
  as_.test(as_.rax, as_.rax);
  as_.js(away, as_.T_NEAR);
}

}  // namespace tconv::jit

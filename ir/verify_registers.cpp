// Registers: scopes, pressure, indices and definite assignment.
#include "ir/verify_parts.h"

namespace tconv::ir {

void Registers::begin_kernel() {
  events_.clear();
  open_.clear();
  terms_.clear();
  guards_.clear();
  unrolls_.clear();
  too_many_ = false;
  declared_.resize(base_.size());
}

// ---- scopes and pressure
// -----------------------------------------------------------------------------

void Registers::close_block(std::size_t mark) {
  for (; live_.size() > mark; live_.pop_back()) {
    used_ -= c_.program.regs[live_.back()].count();
    base_[live_.back()] = -1;
  }
}

void Registers::declare(RegId reg) {
  if (reg >= base_.size() || declared_[reg]) return c_.fault("a vec without a register of its own");
  const RegInfo& info = c_.program.regs[reg];
  if (!is_register_type(info.type))
    return c_.fault("vec " + info.name + ": " + name(info.type) + " exists in memory only");
  if (!c_.target.has(info.type))
    return c_.fault("vec " + info.name + ": " + c_.target.name + " has no registers of " +
                    name(info.type));
  std::int64_t count = 1;
  for (int d : info.dims) {
    if (d < 1 || d > 1000) return c_.fault("vec " + info.name + ": dimensions are 1..1000");
    count *= d;
    if (count > 1000) return c_.fault("vec " + info.name + " has more than 1000 registers");
  }
  declared_[reg] = true;
  base_[reg] = used_;
  live_.push_back(reg);
  used_ += static_cast<int>(count);
  if (used_ > c_.target.registers && !too_many_) {
    too_many_ = true;
    c_.fault("vec " + info.name + ": " + std::to_string(used_) + " registers are live, " +
             c_.target.name + " has " + std::to_string(c_.target.registers));
  }
  Event& e = add(Event::Kind::vec);
  e.lo = base_[reg];
  e.hi = used_;
}

void Registers::temporaries(const Stmt& s) {
  const int more = ir::temporaries(c_.program, c_.target, s);
  if (used_ + more <= c_.target.registers || too_many_) return;
  too_many_ = true;
  c_.fault(std::to_string(used_) + " registers are live and the statement needs " +
           std::to_string(more) + " more, " + c_.target.name + " has " +
           std::to_string(c_.target.registers));
}

bool Registers::sound(const RegRef& r) {
  if (r.reg >= base_.size() || base_[r.reg] < 0) {
    c_.fault("a register that is not in scope");
    return false;
  }
  const RegInfo& info = c_.program.regs[r.reg];
  if (r.index.size() != info.dims.size()) {
    c_.fault(info.name + " has " + std::to_string(info.dims.size()) + " dimensions, not " +
             std::to_string(r.index.size()));
    return false;
  }
  if (!c_.forms(r.index)) return false;
  for (const Affine& f : r.index)
    for (const Term& t : f.terms())
      if (c_.program.vars[t.var].kind != VarKind::unroll) {
        c_.fault(info.name + "[" + c_.text(f) + "]: a register's number is known only when " +
                 c_.program.vars[t.var].name + " is an unroll variable");
        return false;
      }
  return true;
}

// ---- recording
// ---------------------------------------------------------------------------------------

Registers::Event& Registers::add(Event::Kind kind) {
  events_.emplace_back();
  events_.back().kind = kind;
  events_.back().line = c_.line;
  return events_.back();
}

void Registers::close_event() {
  Event& e = events_[open_.back()];
  e.end = static_cast<std::uint32_t>(events_.size());
  if (e.kind == Event::Kind::unroll) unrolls_.pop_back();
  open_.pop_back();
}

Registers::Flat Registers::flatten(const Affine& form) {
  Flat f{form.constant(), static_cast<std::uint32_t>(terms_.size()), 0};
  for (const Term& t : form.terms())
    for (std::size_t slot = 0; slot < unrolls_.size(); ++slot)
      if (unrolls_[slot] == t.var) terms_.push_back({static_cast<VarId>(slot), t.coeff});
  f.end = static_cast<std::uint32_t>(terms_.size());
  return f;
}

void Registers::begin_unroll(VarId v, std::int64_t lo, std::int64_t hi) {
  open_.push_back(static_cast<std::uint32_t>(events_.size()));
  Event& e = add(Event::Kind::unroll);
  e.slot = static_cast<std::uint32_t>(unrolls_.size());
  e.lo = lo;
  e.hi = hi;
  unrolls_.push_back(v);
  if (values_.size() < unrolls_.size()) values_.resize(unrolls_.size());
}
void Registers::begin_for(bool runs) {
  open_.push_back(static_cast<std::uint32_t>(events_.size()));
  add(Event::Kind::loop).flag = runs;
}
void Registers::begin_if(const std::vector<Affine>& conditions) {
  open_.push_back(static_cast<std::uint32_t>(events_.size()));
  const auto begin = static_cast<std::uint32_t>(guards_.size());
  bool run_time = false;
  for (const Affine& f : conditions) {
    bool constant = true;
    for (const Term& t : f.terms())
      constant = constant && c_.program.vars[t.var].kind == VarKind::unroll;
    if (constant) guards_.push_back(flatten(f));
    run_time = run_time || !constant;
  }
  Event& e = add(Event::Kind::guard);
  e.flag = run_time;
  e.guards_begin = begin;
  e.guards_end = static_cast<std::uint32_t>(guards_.size());
}

void Registers::access(const RegRef& r, bool write) {
  const RegInfo& info = c_.program.regs[r.reg];
  const auto guards = static_cast<std::uint32_t>(guards_.size());
  for (std::size_t d = 0; d < r.index.size(); ++d) {
    Interval i;
    if (c_.facts.range(r.index[d], i) && i.lo >= 0 && i.hi < info.dims[d]) continue;
    guards_.push_back(flatten(r.index[d]));
    guards_.push_back(flatten(Affine(info.dims[d] - 1) - r.index[d]));
  }
  Flat f{base_[r.reg], static_cast<std::uint32_t>(terms_.size()), 0};
  std::int64_t stride = 1;
  for (std::size_t d = r.index.size(); d-- > 0;) {
    const Flat one = flatten(r.index[d]);
    for (std::uint32_t t = one.begin; t < one.end; ++t) terms_[t].coeff *= stride;
    f.constant += one.constant * stride;
    stride *= info.dims[d];
  }
  f.end = static_cast<std::uint32_t>(terms_.size());
  Event& e = add(write ? Event::Kind::write : Event::Kind::read);
  e.guards_begin = guards;
  e.guards_end = static_cast<std::uint32_t>(guards_.size());
  e.index = f;
  e.ref = &r;
}

// ---- definite assignment
// -----------------------------------------------------------------------------

Wide Registers::evaluate(const Flat& f) const {
  Wide n = f.constant;
  for (std::uint32_t t = f.begin; t < f.end; ++t)
    n += static_cast<Wide>(terms_[t].coeff) * values_[terms_[t].var];
  return n;
}

// Every form of the event's range of guards_ is >= 0.
bool Registers::holds(const Event& e) const {
  for (std::uint32_t g = e.guards_begin; g < e.guards_end; ++g)
    if (evaluate(guards_[g]) < 0) return false;
  return true;
}

void Registers::end_kernel(bool expandable) {
  if (too_many_ || !expandable) return;
  assigned_ = 0;
  run(0, static_cast<std::uint32_t>(events_.size()));
}

void Registers::run_access(Event& e) {
  if (e.reported) return;
  const auto complain = [&](const char* what) {
    e.reported = true;
    std::string where;
    for (std::size_t d = 0; d < e.ref->index.size(); ++d)
      where += (d == 0 ? "[" : ",") + c_.text(e.ref->index[d]);
    if (!where.empty()) where += "]";
    c_.line = e.line;
    c_.fault(c_.program.regs[e.ref->reg].name + where + what);
  };
  if (!holds(e)) return complain(" is outside the register's dimensions");
  const std::uint64_t bit = std::uint64_t{1} << static_cast<int>(evaluate(e.index));
  if (e.kind == Event::Kind::write) {
    assigned_ |= bit;
  } else if ((assigned_ & bit) == 0) {
    complain(" may be read before it is assigned");
  }
}

void Registers::run(std::uint32_t begin, std::uint32_t end) {
  for (std::uint32_t i = begin; i < end; ++i) {
    Event& e = events_[i];
    const std::uint64_t before = assigned_;
    switch (e.kind) {
      case Event::Kind::read:
      case Event::Kind::write:
        run_access(e);
        break;
      case Event::Kind::vec:
        for (std::int64_t r = e.lo; r < e.hi; ++r) assigned_ &= ~(std::uint64_t{1} << r);
        break;
      case Event::Kind::unroll:
        for (std::int64_t v = e.lo; v < e.hi; ++v) {
          values_[e.slot] = v;
          run(i + 1, e.end);
        }
        i = e.end - 1;
        break;
      case Event::Kind::loop:
        run(i + 1, e.end);  // the first time round knows least
        if (!e.flag) assigned_ = before;
        i = e.end - 1;
        break;
      case Event::Kind::guard:
        if (holds(e)) run(i + 1, e.end);
        if (e.flag) assigned_ = before;
        i = e.end - 1;
        break;
    }
  }
}

}  // namespace tconv::ir

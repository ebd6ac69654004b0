#include "ir/verify.h"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "ir/print.h"
#include "ir/verify_parts.h"

namespace tconv::ir {
namespace {

// The walk: opens and closes scopes, says what is known in them, and hands statements to the parts.
class Verifier {
 public:
  Verifier(const Program& program, const Target& target)
      : p_(program),
        c_(program, target),
        accesses_(c_),
        registers_(c_),
        declared_(program.vars.size()) {}
  std::vector<Fault> run();

  void operator()(const For& s);
  void operator()(const Unroll& s);
  void operator()(const If& s);
  void operator()(const Vec& s) { registers_.declare(s.reg); }
  void operator()(const Assign& s);
  void operator()(const Store& s);
  void operator()(const Prefetch& s);

 private:
  void kernel(const Kernel& k);
  bool grid(const Kernel& k);
  void block(const Block& b);
  bool own_variable(VarId v, VarKind kind);
  bool bounds(const For& s, Interval& interval);
  bool runs(const For& s);
  bool sound(const Operand& o);
  int lanes(DType type) const { return c_.target.lanes(type); }
  void touch(const Mem& mem, const Lanes& l, DType type) {
    accesses_.touch(mem, l.lo, l.all() ? lanes(type) : l.hi);
  }
  void count(std::int64_t& counter, std::int64_t n) const {
    counter = std::min<std::int64_t>(counter + n * repeat_, kMaxNumber);
  }

  const Program& p_;
  Checking c_;
  Accesses accesses_;
  Registers registers_;
  std::vector<bool> declared_;  // by variable
  // Of the kernel, with unrolls expanded; repeat_ is how often the current statement is.
  std::int64_t repeat_ = 1, instructions_ = 0, iterations_ = 0;
  bool operands_sound_ = false;  // of the assignment or store just visited
};

std::vector<Fault> Verifier::run() {
  if (!check_declarations(c_)) return std::move(c_.faults);
  for (const Param& p : p_.params) declared_[p.var] = true;
  for (const Stage& stage : p_.stages)
    for (const Kernel& k : stage.kernels) kernel(k);
  return std::move(c_.faults);
}

bool Verifier::own_variable(VarId v, VarKind kind) {
  if (v < declared_.size() && !declared_[v] && p_.vars[v].kind == kind) return declared_[v] = true;
  c_.fault("a loop or grid axis without a variable of its own");
  return false;
}

// ---- kernels
// -----------------------------------------------------------------------------------------

bool Verifier::grid(const Kernel& k) {
  Wide points = 1;
  for (const GridAxis& a : k.grid) {
    if (!own_variable(a.var, VarKind::grid) || !c_.form(a.extent)) return false;
    const std::string& name = p_.vars[a.var].name;
    for (const Term& t : a.extent.terms())
      if (p_.vars[t.var].kind != VarKind::param) {
        c_.fault("grid axis " + name + ": its extent may use params only");
        return false;
      }
    Interval extent;
    const bool bounded = c_.facts.range(a.extent, extent);
    points *= bounded ? std::max<std::int64_t>(extent.hi, 1) : 0;
    if (!bounded || points > kMaxNumber) {
      c_.fault("the grid has more than 2^47 points");
      return false;
    }
    if (!c_.facts.proves(a.extent, 1, 0)) {
      c_.fault("grid axis " + name + ": its extent " + c_.text(a.extent) + " can be negative");
      return false;
    }
    c_.facts.declare(a.var, {0, extent.hi - 1});
    if (!a.extent.is_constant()) c_.facts.assume(a.extent - Affine::var(a.var) - 1);
  }
  return true;
}

void Verifier::kernel(const Kernel& k) {
  const Facts::Mark outside = c_.facts.mark();
  repeat_ = 1;
  instructions_ = iterations_ = 0;
  accesses_.begin_kernel();
  registers_.begin_kernel();
  c_.line = k.line;
  if (grid(k)) {
    const std::size_t faults = c_.faults.size();
    block(k.body);
    c_.line = k.line;
    const bool small = instructions_ <= c_.target.max_instructions;
    if (!small)
      c_.fault("kernel " + k.name + " has " + std::to_string(instructions_) +
               " instructions after unrolling, " + c_.target.name + " allows " +
               std::to_string(c_.target.max_instructions));
    else if (iterations_ > c_.target.max_instructions)
      c_.fault("kernel " + k.name + " unrolls " + std::to_string(iterations_) + " iterations");
    registers_.end_kernel(c_.faults.size() == faults);
  }
  c_.facts.leave(outside);
}

// ---- statements
// --------------------------------------------------------------------------------------

void Verifier::block(const Block& b) {
  const std::size_t mark = registers_.open_block();
  for (const Stmt& s : b) {
    c_.line = s.line;
    operands_sound_ = false;
    std::visit(*this, s.node);
    if (operands_sound_) registers_.temporaries(s);
  }
  registers_.close_block(mark);
}

// The interval of a loop's variable, from the intervals of its bounds.
bool Verifier::bounds(const For& s, Interval& interval) {
  if (s.lo.empty() || s.hi.empty()) {
    c_.fault("a loop without bounds");
    return false;
  }
  if (!c_.forms(s.lo) || !c_.forms(s.hi)) return false;
  interval = {-kMaxNumber, kMaxNumber};
  Interval i;
  for (const Affine& f : s.lo) {
    if (!c_.facts.range(f, i)) return c_.fault(c_.text(f) + " can be beyond 2^47"), false;
    interval.lo = std::max(interval.lo, i.lo);
  }
  for (const Affine& f : s.hi) {
    if (!c_.facts.range(f, i)) return c_.fault(c_.text(f) + " can be beyond 2^47"), false;
    interval.hi = std::min(interval.hi, i.hi - 1);
  }
  return true;
}

// At least once, whatever the outer variables are.
bool Verifier::runs(const For& s) {
  for (const Affine& lo : s.lo)
    for (const Affine& hi : s.hi)
      if (lo.is_constant() ? !c_.facts.proves(hi, 1, -lo.constant() - 1)
                           : !c_.facts.proves(hi - lo, 1, -1))
        return false;
  return true;
}

void Verifier::operator()(const For& s) {
  Interval interval;
  if (!own_variable(s.var, VarKind::loop) || !bounds(s, interval)) return;
  count(instructions_, 1);
  registers_.begin_for(runs(s));
  const Facts::Mark outside = c_.facts.mark();
  c_.facts.declare(s.var, interval);
  for (const Affine& f : s.lo)
    if (!f.is_constant()) c_.facts.assume(Affine::var(s.var) - f);
  for (const Affine& f : s.hi)
    if (!f.is_constant()) c_.facts.assume(f - Affine::var(s.var) - 1);
  block(s.body);
  c_.facts.leave(outside);
  registers_.end_body();
}

void Verifier::operator()(const Unroll& s) {
  if (!own_variable(s.var, VarKind::unroll)) return;
  constexpr std::int64_t kLimit = std::numeric_limits<std::int32_t>::max();
  if (s.lo < -kLimit || s.hi > kLimit || s.lo > kLimit || s.hi < -kLimit)
    return c_.fault("an unrolled range beyond 32 bits");
  const std::int64_t times = std::max<std::int64_t>(s.hi - s.lo, 0), outer = repeat_;
  repeat_ = std::min(repeat_ * times, c_.target.max_instructions + 1);
  count(iterations_, 1);
  registers_.begin_unroll(s.var, s.lo, s.hi);
  const Facts::Mark outside = c_.facts.mark();
  c_.facts.declare(s.var, {s.lo, s.hi - 1});
  block(s.body);
  c_.facts.leave(outside);
  registers_.end_body();
  repeat_ = outer;
}

void Verifier::operator()(const If& s) {
  if (s.conditions.empty()) return c_.fault("a guard without conditions");
  if (!c_.forms(s.conditions)) return;
  count(instructions_, static_cast<std::int64_t>(s.conditions.size()));
  registers_.begin_if(s.conditions);
  const Facts::Mark outside = c_.facts.mark();
  for (const Affine& f : s.conditions) {
    Interval i;
    if (!c_.facts.range(f, i)) c_.fault(c_.text(f) + " can be beyond 2^47");
  }
  for (const Affine& f : s.conditions) c_.facts.assume(f);
  block(s.body);
  c_.facts.leave(outside);
  registers_.end_body();
}

bool Verifier::sound(const Operand& o) {
  if (const auto* r = std::get_if<RegRef>(&o)) return registers_.sound(*r);
  if (const auto* load = std::get_if<Load>(&o)) return accesses_.sound(load->mem);
  if (const auto* bcast = std::get_if<Bcast>(&o)) return accesses_.sound(bcast->mem);
  return true;
}

void Verifier::operator()(const Assign& s) {
  count(instructions_, 1);
  if (!registers_.sound(s.dst)) return;
  for (const Operand& o : s.operands)
    if (!sound(o)) return;
  if (!check_types(c_, s)) return;
  operands_sound_ = true;
  const DType type = p_.regs[s.dst.reg].type;
  for (std::size_t i = 0; i < s.operands.size(); ++i) {
    const Operand& o = s.operands[i];
    if (const auto* r = std::get_if<RegRef>(&o)) registers_.read(*r);
    if (const auto* load = std::get_if<Load>(&o))
      touch(load->mem, load->lanes, operand_type(s.op, i, type));
    if (const auto* bcast = std::get_if<Bcast>(&o)) accesses_.touch(bcast->mem, 0, 1);
  }
  registers_.write(s.dst);
}

void Verifier::operator()(const Store& s) {
  count(instructions_, 1);
  if (!registers_.sound(s.value) || !accesses_.sound(s.mem) || !check_types(c_, s)) return;
  operands_sound_ = true;
  const DType type = p_.regs[s.value.reg].type;
  registers_.read(s.value);
  touch(s.mem, s.lanes, type);
  if (!s.stream) return;
  if (!s.lanes.all()) return c_.fault("stream writes all lanes");
  accesses_.stream(s.mem, type);
}

void Verifier::operator()(const Prefetch& s) {
  count(instructions_, 1);
  if (accesses_.sound(s.mem)) accesses_.address(s.mem);
}

bool numbered(const Program& program) {
  for (const View& v : program.views) return v.line != 0;
  for (const Stage& s : program.stages)
    for (const Kernel& k : s.kernels) return k.line != 0;
  return true;
}

}  // namespace

std::vector<Fault> verify(const Program& program) {
  const Target* target = find_target(program.target);
  if (target == nullptr) return {{1, "unknown target " + program.target}};
  std::vector<Fault> faults = Verifier(program, *target).run();
  if (faults.empty() || numbered(program)) return faults;
  Program copy = program;
  number_lines(copy);
  return Verifier(copy, *target).run();
}

void verify_or_throw(const Program& program) {
  const std::vector<Fault> faults = verify(program);
  if (faults.empty()) return;
  throw std::logic_error("line " + std::to_string(faults[0].line) + ": " + faults[0].what + "\n" +
                         print(program));
}

}  // namespace tconv::ir

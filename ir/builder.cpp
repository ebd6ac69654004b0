#include "ir/builder.h"

#include <optional>

namespace tconv::ir {
namespace {

// The constant bound, when every form is a constant.
std::optional<std::int64_t> constant_bound(const std::vector<Affine>& forms, bool maximum) {
  std::optional<std::int64_t> best;
  for (const Affine& f : forms) {
    if (!f.is_constant()) return std::nullopt;
    const std::int64_t c = f.constant();
    if (!best || (maximum ? c > *best : c < *best)) best = c;
  }
  return best;
}

// Constants among several forms fold into one.
std::vector<Affine> fold_constants(const std::vector<Affine>& forms, bool maximum) {
  std::vector<Affine> out;
  std::optional<std::int64_t> c;
  for (const Affine& f : forms) {
    if (!f.is_constant()) {
      out.push_back(f);
    } else if (!c || (maximum ? f.constant() > *c : f.constant() < *c)) {
      c = f.constant();
    }
  }
  if (c) out.insert(out.begin(), Affine(*c));
  return out;
}

bool declares_registers(const Block& block) {
  for (const Stmt& s : block)
    if (std::holds_alternative<Vec>(s.node)) return true;
  return false;
}

// Renumbers the variables of a block after variable `gone`, which it does not use, was undeclared.
class CloseGap {
 public:
  explicit CloseGap(VarId gone) : gone_(gone) {}
  void block(Block& b) const {
    for (Stmt& s : b) std::visit(*this, s.node);
  }
  void operator()(For& s) const {
    var(s.var);
    forms(s.lo);
    forms(s.hi);
    block(s.body);
  }
  void operator()(Unroll& s) const {
    var(s.var);
    block(s.body);
  }
  void operator()(If& s) const {
    forms(s.conditions);
    block(s.body);
  }
  void operator()(Vec&) const {}
  void operator()(Assign& s) const {
    forms(s.dst.index);
    for (Operand& o : s.operands) std::visit(*this, o);
  }
  void operator()(Store& s) const {
    forms(s.mem.index);
    forms(s.value.index);
  }
  void operator()(Prefetch& s) const { forms(s.mem.index); }
  void operator()(RegRef& o) const { forms(o.index); }
  void operator()(Load& o) const { forms(o.mem.index); }
  void operator()(Bcast& o) const { forms(o.mem.index); }
  void operator()(Const&) const {}

 private:
  void var(VarId& v) const { v -= v > gone_ ? 1 : 0; }
  void forms(std::vector<Affine>& fs) const {
    for (Affine& f : fs) f.rename([this](VarId v) { return v > gone_ ? v - 1 : v; });
  }
  VarId gone_;
};

}  // namespace

std::string Builder::unique(std::map<std::string, int>& names, const std::string& name) {
  const int n = names[name]++;
  return n == 0 ? name : unique(names, name + "_" + std::to_string(n));
}

VarId Builder::declare(const std::string& name, VarKind kind) {
  program_.vars.push_back({unique(var_names_, name), kind});
  return static_cast<VarId>(program_.vars.size() - 1);
}

Affine Builder::param(const std::string& name, std::int64_t lo, std::int64_t hi) {
  const VarId v = declare(name, VarKind::param);
  program_.params.push_back({.var = v, .lo = lo, .hi = hi, .numerator = {}, .denominator = 0});
  return Affine::var(v);
}
Affine Builder::param_ceil(const std::string& name, const Affine& numerator,
                           std::int64_t denominator) {
  const VarId v = declare(name, VarKind::param);
  program_.params.push_back(
      {.var = v, .lo = 0, .hi = 0, .numerator = numerator, .denominator = denominator});
  return Affine::var(v);
}

ViewId Builder::buffer(const std::string& name, DType dtype, std::vector<Affine> dims,
                       BufferKind kind, int align) {
  const auto id = static_cast<BufferId>(program_.buffers.size());
  program_.buffers.push_back({name, dtype, dims, kind, align});
  program_.views.push_back({name, id, true, 0, dtype, std::move(dims)});
  return static_cast<ViewId>(program_.views.size() - 1);
}
ViewId Builder::view(const std::string& name, ViewId of, std::int64_t byte_offset, DType dtype,
                     std::vector<Affine> dims) {
  const View base = program_.views[of];
  program_.views.push_back(
      {name, base.buffer, false, base.byte_offset + byte_offset, dtype, std::move(dims)});
  return static_cast<ViewId>(program_.views.size() - 1);
}

void Builder::stage(const Body& kernels) {
  program_.stages.emplace_back();
  kernels();
}

Block Builder::collect(const Body& body) {
  Block inner;
  Block* outer = block_;
  block_ = &inner;
  body();
  block_ = outer;
  return inner;
}

void Builder::kernel(const std::string& name, const std::vector<Axis>& grid, const GridBody& body) {
  const auto vars_before = var_names_;
  Kernel k;
  k.name = name;
  std::vector<Affine> point;
  for (const Axis& a : grid) {
    if (a.extent == Affine(1)) {
      point.emplace_back(0);
      continue;
    }
    const VarId v = declare(a.name, VarKind::grid);
    k.grid.push_back({v, a.extent});
    point.push_back(Affine::var(v));
  }
  if (k.grid.empty()) k.grid.push_back({declare("one", VarKind::grid), Affine(1)});
  k.body = collect([&] { body(point); });
  program_.stages.back().kernels.push_back(std::move(k));
  var_names_ = vars_before;
  reg_names_.clear();
}

void Builder::loop(const std::string& name, std::vector<Affine> lo, std::vector<Affine> hi,
                   const VarBody& body) {
  lo = fold_constants(lo, true);
  hi = fold_constants(hi, false);
  const auto l = constant_bound(lo, true), h = constant_bound(hi, false);
  if (l && h && *h <= *l) return;
  if (l && h && *h == *l + 1) return unroll("once", *l, *h, body);
  const VarId v = declare(name, VarKind::loop);
  Block inner = collect([&] { body(Affine::var(v)); });
  emit({For{v, std::move(lo), std::move(hi), std::move(inner)}});
}

void Builder::unroll(const std::string& name, std::int64_t lo, std::int64_t hi,
                     const VarBody& body) {
  if (hi <= lo) return;
  const VarId v = declare(name, VarKind::unroll);
  Block inner = collect([&] { body(hi == lo + 1 ? Affine(lo) : Affine::var(v)); });
  if (hi == lo + 1 && !declares_registers(inner)) {
    // Variables are numbered as they read, so that the parser numbers them alike.
    program_.vars.erase(program_.vars.begin() + v);
    if (program_.vars.size() > v) CloseGap(v).block(inner);
    for (Stmt& s : inner) emit(std::move(s));
    return;
  }
  emit({Unroll{v, lo, hi, std::move(inner)}});
}

void Builder::when(const std::vector<Affine>& conditions, const Body& body) {
  std::vector<Affine> open;
  for (const Affine& c : conditions) {
    if (!c.is_constant()) {
      open.push_back(c);
    } else if (c.constant() < 0) {
      return;
    }
  }
  if (open.empty()) return body();
  Block inner = collect(body);
  emit({If{std::move(open), std::move(inner)}});
}

Reg Builder::vec(const std::string& name, std::vector<int> dims, DType type) {
  program_.regs.push_back({unique(reg_names_, name), std::move(dims), type});
  const auto id = static_cast<RegId>(program_.regs.size() - 1);
  emit({Vec{id}});
  return {id};
}

namespace {

// What an fma of floats is where the target has none; it takes a register while it lasts.
void multiply_and_add(Builder& b, RegRef dst, std::vector<Operand> x) {
  const auto* addend = std::get_if<RegRef>(&x[2]);
  if (addend == nullptr || addend->reg != dst.reg) {
    b.assign(Op::mul, dst, {std::move(x[0]), std::move(x[1])});
    return b.assign(Op::add, dst, {dst, std::move(x[2])});
  }
  b.scope([&] {
    const Reg product = b.vec("product", {}, b.program().regs[dst.reg].type);
    b.assign(Op::mul, product(), {std::move(x[0]), std::move(x[1])});
    b.assign(Op::add, std::move(dst), {product(), std::move(x[2])});
  });
}

}  // namespace

void Builder::assign(Op op, RegRef dst, std::vector<Operand> operands, std::vector<int> lanes) {
  if (op == Op::fma && !target_.fma && program_.regs[dst.reg].type != DType::i32)
    return multiply_and_add(*this, std::move(dst), std::move(operands));
  emit({Assign{std::move(dst), op, std::move(operands), std::move(lanes)}});
}
void Builder::store(Mem mem, RegRef value, Lanes lanes, bool stream) {
  if (lanes.lo == 0 && lanes.hi == target_.lanes(program_.regs[value.reg].type)) lanes = {};
  emit({Store{std::move(mem), lanes, stream, std::move(value)}});
}
void Builder::prefetch(Mem mem, Hint hint) { emit({Prefetch{std::move(mem), hint}}); }

}  // namespace tconv::ir

#include "jit/constant_uses.h"

#include <algorithm>

namespace tconv::jit {
namespace {

void add(std::vector<ConstantUses::Use>& uses, const LaneConstant& constant, double times) {
  for (ConstantUses::Use& u : uses)
    if (u.constant == constant) {
      u.times += times;
      return;
    }
  uses.push_back({constant, times});
}

}  // namespace

ConstantUses::ConstantUses(const ir::Program& program, const ir::Target& target,
                           const ir::Kernel& kernel)
    : program_(program), target_(target), kernel_(block(kernel.body)) {}

ConstantUses::Block ConstantUses::block(const ir::Block& body) {
  Block all;
  int declared = 0;
  const auto inner = [&](const Block& b) {
    all.registers = std::max(all.registers, declared + b.registers);
    for (const Use& u : b.uses) add(all.uses, u.constant, u.times);
  };
  const auto repeated = [&](const ir::Block& b, double times) {
    Block r = block(b);
    for (Use& u : r.uses) u.times *= times;
    return r;
  };
  for (const ir::Stmt& s : body) {
    all.registers = std::max(all.registers, declared + ir::temporaries(program_, target_, s));
    if (const auto* v = std::get_if<ir::Vec>(&s.node)) {
      declared += program_.regs[v->reg].count();
      all.registers = std::max(all.registers, declared);
    } else if (const auto* f = std::get_if<ir::For>(&s.node)) {
      const bool known = f->lo.size() == 1 && f->hi.size() == 1 && f->lo[0].terms().empty() &&
                         f->hi[0].terms().empty();
      inner(loops_[f] = repeated(
                f->body,
                known ? static_cast<double>(f->hi[0].constant() - f->lo[0].constant()) : kUnknown));
    } else if (const auto* u = std::get_if<ir::Unroll>(&s.node)) {
      inner(repeated(u->body, static_cast<double>(u->hi - u->lo)));
    } else if (const auto* i = std::get_if<ir::If>(&s.node)) {
      inner(block(i->body));
    } else if (const auto* a = std::get_if<ir::Assign>(&s.node)) {
      assign(*a, all);
    }
  }
  std::stable_sort(all.uses.begin(), all.uses.end(),
                   [](const Use& a, const Use& b) { return a.times > b.times; });
  return all;
}

void ConstantUses::assign(const ir::Assign& a, Block& into) const {
  const ir::DType type = program_.regs[a.dst.reg].type;
  for (std::size_t i = 0; i < a.operands.size(); ++i) {
    const auto* c = std::get_if<ir::Const>(&a.operands[i]);
    // A register that is cleared costs nothing.
    if (c && !is_immediate(a.op, i) && !(a.op == ir::Op::mov && c->bits == 0))
      add(into.uses, {type, c->bits}, 1);
  }
}

}  // namespace tconv::jit

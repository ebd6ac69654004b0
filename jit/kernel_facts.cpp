#include "jit/kernel_facts.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "jit/isa.h"
#include "jit/scalars.h"

namespace tconv::jit {

using ir::VarKind;

std::int64_t ViewFacts::bias() const {
  if (high - low < 128) return low;
  return low + (high - low) / 2 / 64 * 64;  // whole lines: AVX-512 scales byte displacements
}

KernelFacts::KernelFacts(const ir::Program& program, const ir::Target& target,
                         const ir::Kernel& kernel, int first_slot)
    : pointer_of(program.views.size(), -1),
      value_used(program.vars.size(), false),
      slots(first_slot),
      program_(program),
      target_(target),
      range_(program.vars.size()) {
  block(kernel.body);
  place_pointers();
}

// Few views: registers in the order of use. More: the hottest ones get the registers.
void KernelFacts::place_pointers() {
  std::vector<std::size_t> order(views.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto hotter = [this](std::size_t a, std::size_t b) {
    return std::tie(views[a].depth, views[a].accesses) >
           std::tie(views[b].depth, views[b].accesses);
  };
  if (order.size() > kPointerRegisters) std::stable_sort(order.begin(), order.end(), hotter);
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i < kPointerRegisters) {
      views[order[i]].reg = static_cast<int>(i);
    } else {
      views[order[i]].slot = slots++;
    }
  }
}

void KernelFacts::block(const ir::Block& body) {
  for (const ir::Stmt& s : body) {
    if (const auto* f = std::get_if<ir::For>(&s.node)) {
      loop(*f);
    } else if (const auto* u = std::get_if<ir::Unroll>(&s.node)) {
      range_[u->var] = {u->lo, u->hi - 1};
      if (u->hi <= u->lo) continue;
      const std::int64_t around = std::exchange(copies_, copies_ * (u->hi - u->lo));
      block(u->body);
      copies_ = around;
    } else if (const auto* i = std::get_if<ir::If>(&s.node)) {
      forms(i->conditions);
      block(i->body);
    } else if (const auto* a = std::get_if<ir::Assign>(&s.node)) {
      count_statement();
      for (const ir::Operand& o : a->operands) operand(o, program_.regs[a->dst.reg].type);
    } else if (const auto* st = std::get_if<ir::Store>(&s.node)) {
      count_statement();
      mem(st->mem);
      lanes(st->lanes, program_.regs[st->value.reg].type);
    } else if (const auto* p = std::get_if<ir::Prefetch>(&s.node)) {
      count_statement();
      mem(p->mem);
    }
  }
}

void KernelFacts::loop(const ir::For& f) {
  forms(f.lo);
  forms(f.hi);
  LoopFacts& facts = loops[&f];
  open_.emplace_back(f.var, &facts);
  block(f.body);
  open_.pop_back();
  for (auto& [var, outer] : open_) outer->height = std::max(outer->height, facts.height + 1);
  facts.counter_slot = slots++;
  facts.bound_slot = slots++;
  facts.save_slot = slots;
  slots += static_cast<int>(facts.moves.size());
}

void KernelFacts::forms(const std::vector<ir::Affine>& list) {
  for (const ir::Affine& f : list)
    for (const ir::Term& t : f.terms()) value_used[t.var] = true;
}

void KernelFacts::operand(const ir::Operand& o, ir::DType type) {
  if (const auto* l = std::get_if<ir::Load>(&o)) {
    mem(l->mem);
    lanes(l->lanes, type);
  } else if (const auto* b = std::get_if<ir::Bcast>(&o)) {
    mem(b->mem);
  }
}

void KernelFacts::lanes(const ir::Lanes& l, ir::DType type) {
  if (!target_.masked_lanes || l.all() || (l.lo == 0 && l.hi == target_.lanes(type))) return;
  const std::uint32_t bits = mask_bits(l);
  if (std::find(masks.begin(), masks.end(), bits) == masks.end()) masks.push_back(bits);
}

ViewFacts& KernelFacts::view(ir::ViewId id) {
  int& p = pointer_of[id];
  if (p < 0) {
    p = static_cast<int>(views.size());
    const ir::View& v = program_.views[id];
    ViewFacts facts;
    facts.view = id;
    facts.scale.resize(v.dims.size());
    std::int64_t scale = ir::bytes(v.dtype);
    for (std::size_t d = v.dims.size(); d-- > 0;) {
      facts.scale[d] = scale;
      if (d > 0) scale *= v.dims[d].constant();
    }
    views.push_back(std::move(facts));
  }
  return views[static_cast<std::size_t>(p)];
}

void KernelFacts::mem(const ir::Mem& m) {
  ViewFacts& facts = view(m.view);
  std::int64_t low = 0, high = 0;
  terms_.clear();
  for (std::size_t d = 0; d < m.index.size(); ++d) {
    low += facts.scale[d] * m.index[d].constant();
    high += facts.scale[d] * m.index[d].constant();
    for (const ir::Term& t : m.index[d].terms()) {
      const std::int64_t c = facts.scale[d] * t.coeff;
      if (program_.vars[t.var].kind == VarKind::unroll) {
        const auto [a, b] = range_[t.var];
        low += std::min(c * a, c * b);
        high += std::max(c * a, c * b);
        continue;
      }
      const auto same = [&](const ir::Term& u) { return u.var == t.var; };
      const auto found = std::find_if(terms_.begin(), terms_.end(), same);
      if (found != terms_.end()) {
        found->coeff += c;
      } else {
        terms_.push_back({t.var, c});
      }
    }
  }

  const auto coeff = [&](ir::VarId v) {
    for (const ir::Term& t : terms_)
      if (t.var == v) return t.coeff;
    return std::int64_t{0};
  };
  const int pointer = pointer_of[m.view];
  for (auto& [var, loop] : open_) {
    const auto same = [&](const LoopFacts::Move& x) { return x.pointer == pointer; };
    const auto found = std::find_if(loop->moves.begin(), loop->moves.end(), same);
    if (found == loop->moves.end()) {
      loop->moves.push_back({pointer, coeff(var)});
    } else if (found->coeff != coeff(var)) {
      throw std::logic_error("emitter: accesses of one view move differently with a loop");
    }
  }
  std::erase_if(terms_, [&](const ir::Term& t) {
    const VarKind kind = program_.vars[t.var].kind;
    return t.coeff == 0 || (kind != VarKind::grid && kind != VarKind::param);
  });
  std::sort(terms_.begin(), terms_.end(),
            [](const ir::Term& a, const ir::Term& b) { return a.var < b.var; });
  if (facts.depth < 0) {
    facts.point = terms_;
  } else if (facts.point != terms_) {
    throw std::logic_error("emitter: accesses of one view move differently with the grid");
  }
  const int depth = static_cast<int>(open_.size());
  if (depth > facts.depth) {
    facts.depth = depth;
    facts.low = low;
    facts.high = high;
    facts.accesses = copies_;
  } else if (depth == facts.depth) {
    facts.low = std::min(facts.low, low);
    facts.high = std::max(facts.high, high);
    facts.accesses += copies_;
  }
}

}  // namespace tconv::jit

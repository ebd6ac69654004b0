#include "jit/address.h"

#include <algorithm>

namespace tconv::jit {

Pointers::Pointers(Assembler& as, Scalars& scalars, const ir::Program& program,
                   const KernelFacts& facts)
    : as_(as), scalars_(scalars), program_(program), facts_(facts), lag_(facts.views.size(), 0) {
  bias_.reserve(facts.views.size());
  for (const ViewFacts& v : facts.views) bias_.push_back(v.bias());
}

template <class Use>
void Pointers::with(int pointer, Use&& use) {
  if (pointer == loaded_) forget();
  const ViewFacts& v = facts_.views[static_cast<std::size_t>(pointer)];
  if (v.reg >= 0) return use(Xbyak::Reg64(kPool[v.reg]));
  use(scalars_.slot(v.slot));
}

void Pointers::start_point(int buffers_slot, int local_slot) {
  std::fill(lag_.begin(), lag_.end(), 0);
  forget();
  bool have_buffers = false;
  for (std::size_t p = 0; p < facts_.views.size(); ++p) {
    const ViewFacts& v = facts_.views[p];
    const ir::View& view = program_.views[v.view];
    const Xbyak::Reg64 r = carrier(v);
    std::int64_t offset = view.byte_offset + bias_[p];
    if (program_.buffers[view.buffer].kind == ir::BufferKind::local) {
      as_.mov(r, scalars_.slot(local_slot));
      offset += ir::local_offset(program_, view.buffer);
    } else {
      if (!have_buffers) as_.mov(as_.rax, scalars_.slot(buffers_slot));
      have_buffers = true;
      as_.mov(r, as_.ptr[as_.rax + 8 * ir::buffer_slot(program_, view.buffer)]);
    }
    for (const ir::Term& t : v.point) scalars_.add_scaled(r, t.var, t.coeff);
    as_.add_constant(r, offset, as_.rcx);
    if (v.reg < 0) as_.mov(scalars_.slot(v.slot), r);
  }
}

Xbyak::RegExp Pointers::at(const ir::Mem& mem) {
  const int p = facts_.pointer_of[mem.view];
  const ViewFacts& v = facts_.views[static_cast<std::size_t>(p)];
  std::int64_t displacement = 0;
  for (std::size_t d = 0; d < mem.index.size(); ++d) {
    std::int64_t index = mem.index[d].constant();
    for (const ir::Term& t : mem.index[d].terms())
      if (scalars_.constant(t.var)) index += t.coeff * scalars_[t.var].value;
    displacement += v.scale[d] * index;
  }
  displacement += lag_[static_cast<std::size_t>(p)] - bias_[static_cast<std::size_t>(p)];
  const Xbyak::Reg64 r = carrier(v);
  if (v.reg < 0 && loaded_ != p) {
    as_.mov(r, scalars_.slot(v.slot));
    loaded_ = p;
  }
  return Xbyak::RegExp(r) + static_cast<std::size_t>(displacement);
}

void Pointers::settle_to(int p, std::int64_t lag) {
  std::int64_t& now = lag_[static_cast<std::size_t>(p)];
  with(p, [&](const Xbyak::Operand& pointer) { as_.add_constant(pointer, now - lag, as_.rcx); });
  now = lag;
}

void Pointers::return_to(const Lags& lags) {
  for (std::size_t p = 0; p < lags.size(); ++p) settle_to(static_cast<int>(p), lags[p]);
}

void Pointers::enter(const LoopFacts& loop, std::int64_t first) {
  for (const LoopFacts::Move& m : loop.moves) {
    lag_[static_cast<std::size_t>(m.pointer)] += m.coeff * first;
    settle(m.pointer);
  }
}

void Pointers::advance(const LoopFacts& loop) {
  for (const LoopFacts::Move& m : loop.moves) {
    lag_[static_cast<std::size_t>(m.pointer)] += m.coeff;
    settle(m.pointer);
  }
}

void Pointers::leave(const LoopFacts& loop, std::int64_t end) {
  for (const LoopFacts::Move& m : loop.moves) {
    std::int64_t& lag = lag_[static_cast<std::size_t>(m.pointer)];
    lag -= m.coeff * end;
    // Displacements are 32 bits; verified programs use less than half of that for their own.
    if (lag > (1 << 30) || lag < -(1 << 30)) settle(m.pointer);
  }
}

void Pointers::save(const LoopFacts& loop, bool enter) {
  int slot = loop.save_slot;
  for (const LoopFacts::Move& m : loop.moves) {
    if (m.coeff == 0) continue;
    with(m.pointer, [&](const Xbyak::Operand& pointer) {
      if (pointer.isMEM()) as_.mov(as_.rcx, pointer);
      as_.mov(scalars_.slot(slot++), pointer.isMEM() ? as_.rcx : Xbyak::Reg64(pointer.getIdx()));
      if (!enter) return;
      if (m.coeff == std::int64_t(std::int32_t(m.coeff))) {
        as_.imul(as_.rcx, as_.rax, static_cast<int>(m.coeff));
      } else {
        as_.mov(as_.rcx, static_cast<std::uint64_t>(m.coeff));
        as_.imul(as_.rcx, as_.rax);
      }
      as_.add(pointer, as_.rcx);
    });
  }
}

void Pointers::restore(const LoopFacts& loop) {
  int slot = loop.save_slot;
  for (const LoopFacts::Move& m : loop.moves) {
    if (m.coeff == 0) continue;
    with(m.pointer, [&](const Xbyak::Operand& pointer) {
      const Xbyak::Reg64 r = pointer.isMEM() ? as_.rcx : Xbyak::Reg64(pointer.getIdx());
      as_.mov(r, scalars_.slot(slot++));
      if (pointer.isMEM()) as_.mov(pointer, r);
    });
  }
}

}  // namespace tconv::jit

#include "jit/kernel_frame.h"

namespace tconv::jit {

void KernelFrame::enter(const std::function<void()>& once) {
  as_.endbr64();
  as_.push(as_.rbp);
  as_.mov(as_.rbp, as_.rsp);
  as_.push(as_.rbx);
  as_.push(as_.r12);
  as_.push(as_.r13);
  as_.push(as_.r14);
  as_.push(as_.r15);
  as_.sub(as_.rsp, static_cast<std::uint32_t>(8 * (slots_ + slots_ % 2)));
  as_.mov(scalars_.slot(kBuffers), as_.rdi);
  as_.mov(scalars_.slot(kParams), as_.rsi);
  as_.mov(scalars_.slot(kLocal), as_.r8);
  as_.sub(as_.rcx, as_.rdx);
  as_.jle(out_, as_.T_NEAR);
  as_.mov(scalars_.slot(kRemaining), as_.rcx);

  int slot = kFirst;
  for (std::size_t i = 0; i < program_.params.size(); ++i, ++slot) {
    as_.mov(as_.rax, as_.ptr[as_.rsi + 8 * i]);
    as_.mov(scalars_.slot(slot), as_.rax);
    scalars_[program_.params[i].var] = {.kind = Home::Kind::slot, .index = slot, .value = 0};
  }
  as_.mov(as_.r9, as_.rdx);
  for (const ir::GridAxis& axis : kernel_.grid) {
    Extent e;
    e.slot = slot++;
    scalars_[axis.var] = {.kind = Home::Kind::slot, .index = slot++, .value = 0};
    if (const auto k = scalars_.known(axis.extent)) {
      e.constant = true;
      e.value = *k;
    } else {
      scalars_.evaluate(as_.rax, axis.extent);
      as_.mov(scalars_.slot(e.slot), as_.rax);
    }
    extents_.push_back(e);
  }
  decode_begin();
  once();
  as_.align(16);
  as_.L(point_);
}

// r9 = number of the first point; the last axis varies fastest.
void KernelFrame::decode_begin() {
  as_.mov(as_.rax, as_.r9);
  for (std::size_t i = kernel_.grid.size(); i-- > 0;) {
    const Xbyak::Address coordinate = scalars_.slot(scalars_[kernel_.grid[i].var].index);
    if (i == 0) {
      as_.mov(coordinate, as_.rax);
      break;
    }
    if (extents_[i].constant) {
      as_.mov(as_.rcx, static_cast<std::uint64_t>(extents_[i].value));
    } else {
      as_.mov(as_.rcx, scalars_.slot(extents_[i].slot));
    }
    as_.xor_(as_.edx, as_.edx);
    as_.div(as_.rcx);
    as_.mov(coordinate, as_.rdx);
  }
}

void KernelFrame::leave() {
  as_.dec(scalars_.slot(kRemaining));
  as_.jz(out_, as_.T_NEAR);
  for (std::size_t i = kernel_.grid.size(); i-- > 0;) {
    const Xbyak::Address coordinate = scalars_.slot(scalars_[kernel_.grid[i].var].index);
    as_.inc(coordinate);
    if (i == 0) {
      as_.jmp(point_);
      break;
    }
    const Extent& e = extents_[i];
    if (e.constant && e.value == std::int64_t(std::int32_t(e.value))) {
      as_.cmp(coordinate, static_cast<std::uint32_t>(e.value));
    } else {
      if (e.constant) {
        as_.mov(as_.rax, static_cast<std::uint64_t>(e.value));
      } else {
        as_.mov(as_.rax, scalars_.slot(e.slot));
      }
      as_.cmp(coordinate, as_.rax);
    }
    as_.jl(point_);
    as_.mov(coordinate, 0);
  }
  if (kernel_.grid.empty()) as_.jmp(point_);
  as_.L(out_);
  as_.vzeroupper();
  as_.lea(as_.rsp, as_.ptr[as_.rbp - 8 * kSavedRegisters]);
  as_.pop(as_.r15);
  as_.pop(as_.r14);
  as_.pop(as_.r13);
  as_.pop(as_.r12);
  as_.pop(as_.rbx);
  as_.pop(as_.rbp);
  as_.ret();
}

}  // namespace tconv::jit

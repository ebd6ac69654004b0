// The pointers: one per view, moved by the loops.
#pragma once

#include <cstdint>
#include <vector>

#include "jit/kernel_facts.h"
#include "jit/scalars.h"

namespace tconv::jit {

// A pointer may lag behind where the program stands by a number of bytes that is known while
// emitting (`lag`): then accesses carry it in their displacement, and the next addition to the
// pointer settles it. So leaving a loop costs nothing, and returning to the start of a row and
// going on to the next one is a single instruction.
//
// The coldest pointers of a kernel with more than kPointerRegisters views live in the frame: they
// move there, and an access loads its pointer.
class Pointers {
 public:
  Pointers(Assembler& as, Scalars& scalars, const ir::Program& program, const KernelFacts& facts);

  // Sets all pointers for the grid point that `scalars` holds. `buffers` and `local` are frame
  // slots.
  void start_point(int buffers_slot, int local_slot);

  // The place of an access. A pointer without a register is loaded into rdx by an instruction that
  // this emits, so the place is good until the next call.
  Xbyak::RegExp at(const ir::Mem& mem);
  // The pointer that rdx holds, so that it need not be loaded again; -1: none. It must be forgotten
  // where code comes together, and when something else uses rdx.
  int loaded() const { return loaded_; }
  void forget() { loaded_ = -1; }

  using Lags = std::vector<std::int64_t>;  // by pointer
  const Lags& lags() const { return lag_; }
  void return_to(const Lags& lags);  // emits what makes the lags equal to these

  // Before a loop with a constant first value `first`.
  void enter(const LoopFacts& loop, std::int64_t first);
  // At the end of its body: on to the next iteration.
  void advance(const LoopFacts& loop);
  // After a loop whose variable ended at `end`.
  void leave(const LoopFacts& loop, std::int64_t end);
  // Where the last value is known only at run time, pointers are saved, where the first one is,
  // too, by what moves them there from 0; it is in rax. Destroys rcx, as `restore` does.
  void save(const LoopFacts& loop) { save(loop, false); }
  void save_and_enter(const LoopFacts& loop) { save(loop, true); }
  void restore(const LoopFacts& loop);

 private:
  void save(const LoopFacts& loop, bool enter);
  // The pointer's register, or what carries it between the frame and an instruction.
  Xbyak::Reg64 carrier(const ViewFacts& v) const {
    return v.reg >= 0 ? Xbyak::Reg64(kPool[v.reg]) : as_.rdx;
  }
  // Calls `use` with the register or the place in the frame.
  template <class Use>  // Use: const Xbyak::Operand& -> void; it changes the pointer
  void with(int pointer, Use&& use);
  void settle(int pointer) { settle_to(pointer, 0); }
  void settle_to(int pointer, std::int64_t lag);

  Assembler& as_;
  Scalars& scalars_;
  const ir::Program& program_;
  const KernelFacts& facts_;
  Lags lag_;
  std::vector<std::int64_t> bias_;
  int loaded_ = -1;
};

}  // namespace tconv::jit

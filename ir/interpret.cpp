#include "ir/interpret.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <vector>

#include "ir/flat_kernel.h"

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace tconv::ir {
namespace {

// Round to nearest, all exceptions masked, denormals kept; the caller's mode comes back, also on a
// throw.
class IeeeMode {
 public:
#if defined(__x86_64__)
  IeeeMode() : saved_(_mm_getcsr()) { _mm_setcsr(0x1f80); }
  ~IeeeMode() { _mm_setcsr(saved_); }
#else
  IeeeMode() = default;
#endif
  IeeeMode(const IeeeMode&) = delete;
  IeeeMode& operator=(const IeeeMode&) = delete;

 private:
#if defined(__x86_64__)
  unsigned saved_;
#endif
};

// A NaN as f16, bf16, f32 and f64, and as i32 a number that no kernel computes by chance.
void poison(std::byte* p, std::size_t size) {
  constexpr std::uint32_t pattern = 0x7fff7fff;
  std::size_t i = 0;
  for (; i + sizeof pattern <= size; i += sizeof pattern)
    std::memcpy(p + i, &pattern, sizeof pattern);
  std::memcpy(p + i, &pattern, size - i);
}

struct Free {
  void operator()(std::byte* p) const { ::operator delete[](p, std::align_val_t(64)); }
};
using AlignedBytes = std::unique_ptr<std::byte[], Free>;
AlignedBytes aligned_bytes(std::size_t size) {
  return AlignedBytes(new (std::align_val_t(64)) std::byte[std::max<std::size_t>(size, 1)]);
}

class Machine {
 public:
  Machine(const FlatKernel& flat, void* const* buffers, const std::int64_t* params, void* local,
          const AccessHook& hook)
      : flat_(flat),
        hook_(hook),
        file_(aligned_bytes(flat.register_bytes + flat.constants.size())),
        values_(flat.uses.size(), 0),
        slots_(flat.slots, 0),
        loop_end_(flat.loops, 0) {
    if (!flat.constants.empty())
      std::memcpy(file_.get() + flat.register_bytes, flat.constants.data(), flat.constants.size());
    for (int b : flat.bases)
      bases_.push_back(b >= 0 ? static_cast<std::byte*>(buffers[b])
                              : static_cast<std::byte*>(local) +
                                    flat.locals[static_cast<std::size_t>(-1 - b)].offset);
    for (std::size_t i = 0; i < flat.params.size(); ++i) set(flat.params[i], params[i]);
  }

  void point(std::int64_t number) {
    for (std::size_t a = flat_.grid.size(); a-- > 0;) {
      const std::int64_t extent = value(flat_.grid[a].extent);
      set(flat_.grid[a].var, number % extent);
      number /= extent;
    }
    poison(file_.get(), flat_.register_bytes);
    for (const FlatKernel::Local& l : flat_.locals)
      poison(bases_[l.base], static_cast<std::size_t>(l.bytes));
    if (hook_)
      execute<true>();
    else
      execute<false>();
  }

 private:
  using Scratch = std::array<std::byte, kLaneBytes>;

  std::int64_t value(const FlatForm& f) const { return f.constant + slots_[f.slot]; }
  void set(VarId var, std::int64_t v) {
    const std::int64_t delta = v - values_[var];
    values_[var] = v;
    for (const FlatKernel::SlotTerm& t : flat_.uses[var]) slots_[t.slot] += t.coeff * delta;
  }
  void tell(const FlatOperand& o, std::int64_t offset, bool write, int line) const {
    hook_({o.buffer, offset + o.lo * o.element, (o.hi - o.lo) * o.element, write, line});
  }

  template <bool hooked>
  const std::byte* fetch(const FlatOperand& o, Scratch& scratch, int line) const {
    if (o.kind == FlatOperandKind::reg) return file_.get() + o.reg;
    const std::int64_t offset = value(o.offset);
    if constexpr (hooked) tell(o, offset, false, line);
    const std::byte* from = bases_[o.base] + (offset + o.lo * o.element);
    if (o.kind == FlatOperandKind::load) {
      if (!o.whole) scratch.fill(std::byte{0});
      o.copy(scratch.data() + o.lo * o.lane, from, static_cast<std::size_t>(o.hi - o.lo));
    } else {
      o.copy(scratch.data(), from, 1);
      for (std::size_t n = o.lane; n < kLaneBytes; n *= 2)
        std::memcpy(scratch.data() + n, scratch.data(), n);
    }
    return scratch.data();
  }

  template <bool hooked>
  void execute() {
    alignas(64) std::array<Scratch, 3> scratch;
    std::array<const std::byte*, 3> in{};
    const std::size_t count = flat_.code.size();
    for (std::size_t pc = 0; pc < count;) {
      const FlatOp& op = flat_.code[pc];
      const FlatOperand* operands = flat_.operands.data() + op.operands;
      switch (op.kind) {
        case FlatKind::compute:
        case FlatKind::perm:
          for (std::size_t i = 0; i < op.operand_count; ++i)
            in[i] = fetch<hooked>(operands[i], scratch[i], op.line);
          if (op.kind == FlatKind::compute)
            op.op(file_.get() + op.dst, in[0], in[1], in[2]);
          else
            lane_perm(file_.get() + op.dst, in[0], in[1], flat_.perm_lanes.data() + op.lanes,
                      flat_.vector_bytes / op.bytes, op.bytes);
          break;
        case FlatKind::store: {
          const FlatOperand& to = operands[0];
          const std::int64_t offset = value(to.offset);
          if constexpr (hooked) tell(to, offset, true, op.line);
          to.copy(bases_[to.base] + (offset + to.lo * to.element),
                  file_.get() + operands[1].reg + to.lo * to.lane,
                  static_cast<std::size_t>(to.hi - to.lo));
          break;
        }
        case FlatKind::poison:
          poison(file_.get() + op.dst, op.bytes);
          break;
        case FlatKind::loop: {
          const FlatForm* forms = flat_.forms.data() + op.forms;
          std::int64_t lo = value(forms[0]), hi = value(forms[op.lo_count]);
          for (std::size_t i = 1; i < op.lo_count; ++i) lo = std::max(lo, value(forms[i]));
          for (std::size_t i = op.lo_count + 1; i < op.count; ++i)
            hi = std::min(hi, value(forms[i]));
          if (lo >= hi) {
            pc = op.target;
            continue;
          }
          loop_end_[op.loop] = hi;
          set(op.var, lo);
          break;
        }
        case FlatKind::next:
          if (const std::int64_t v = values_[op.var] + 1; v < loop_end_[op.loop]) {
            set(op.var, v);
            pc = op.target;
            continue;
          }
          break;
        case FlatKind::guard: {
          const FlatForm* forms = flat_.forms.data() + op.forms;
          if (!std::all_of(forms, forms + op.count,
                           [this](const FlatForm& f) { return value(f) >= 0; })) {
            pc = op.target;
            continue;
          }
          break;
        }
      }
      ++pc;
    }
  }

  const FlatKernel& flat_;
  const AccessHook& hook_;
  AlignedBytes file_;
  std::vector<std::byte*> bases_;
  std::vector<std::int64_t> values_, slots_, loop_end_;  // by variable, by slot, by loop
};

}  // namespace

InterpretedKernel::InterpretedKernel(const Program& program, const Kernel& kernel)
    : flat_(std::make_shared<const FlatKernel>(flatten(program, kernel))) {}

void InterpretedKernel::run(void* const* buffers, const std::int64_t* params, std::int64_t begin,
                            std::int64_t end, void* local, const AccessHook& hook) const {
  if (begin >= end) return;
  const IeeeMode mode;
  Machine machine(*flat_, buffers, params, local, hook);
  for (std::int64_t p = begin; p < end; ++p) machine.point(p);
}

void interpret(const Program& program, const Kernel& kernel, void* const* buffers,
               const std::int64_t* params, std::int64_t begin, std::int64_t end, void* local,
               const AccessHook& hook) {
  InterpretedKernel(program, kernel).run(buffers, params, begin, end, local, hook);
}

void interpret(const Program& program, void* const* buffers, const std::int64_t* params,
               const AccessHook& hook) {
  const AlignedBytes local = aligned_bytes(static_cast<std::size_t>(local_bytes(program)));
  for (const Stage& stage : program.stages)
    for (const Kernel& kernel : stage.kernels)
      interpret(program, kernel, buffers, params, 0, grid_points(program, kernel, params),
                local.get(), hook);
}

}  // namespace tconv::ir

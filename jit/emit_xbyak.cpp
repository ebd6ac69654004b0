#include "jit/emit_xbyak.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

#include "jit/address.h"
#include "jit/backend.h"
#include "jit/constant_uses.h"
#include "jit/kernel_facts.h"
#include "jit/kernel_frame.h"
#include "jit/scalars.h"

namespace tconv::jit {
namespace {

using ir::Op;

class Walk {
 public:
  Walk(const ir::Program& program, const ir::Target& target, const ir::Kernel& kernel,
       Assembler& as, Isa& isa)
      : program_(program),
        target_(target),
        kernel_(kernel),
        as_(as),
        isa_(isa),
        facts_(program, target, kernel, KernelFrame::slots(program, kernel)),
        scalars_(as, program.vars.size()),
        pointers_(as, scalars_, program, facts_),
        uses_(program, target, kernel),
        first_register_(program.regs.size(), 0) {
    if (static_cast<int>(facts_.views.size()) > target.pointers)
      throw CompileError("kernel " + kernel.name + " uses " + std::to_string(facts_.views.size()) +
                         " views; target " + target.name + " has " +
                         std::to_string(target.pointers) + " pointers");
  }

  void run() {
    KernelFrame frame(as_, scalars_, program_, kernel_, facts_.slots);
    frame.enter([&] {
      isa_.preload_masks(facts_.masks);
      hold(uses_.kernel());
    });
    for (const ir::GridAxis& axis : kernel_.grid) scalars_.set_range(axis.var, {0}, {axis.extent});
    pointers_.start_point(KernelFrame::kBuffers, KernelFrame::kLocal);
    block(kernel_.body);
    frame.leave();
  }

 private:
  void block(const ir::Block& body) {
    const int top = top_;
    for (const ir::Stmt& s : body) std::visit([&](const auto& node) { emit(node); }, s.node);
    top_ = top;
  }

  void emit(const ir::Vec& v) {
    first_register_[v.reg] = top_;
    top_ += program_.regs[v.reg].count();
  }

  void emit(const ir::Unroll& u) {
    for (std::int64_t i = u.lo; i < u.hi; ++i) {
      scalars_[u.var] = {.kind = Home::Kind::constant, .index = 0, .value = i};
      block(u.body);
    }
    scalars_[u.var] = {};
  }

  void emit(const ir::If& f) {
    for (const ir::Affine& c : f.conditions)
      if (const auto h = scalars_.holds(c); h && !*h) return;
    Xbyak::Label past;
    bool open = false;
    for (const ir::Affine& c : f.conditions) {
      if (scalars_.holds(c)) continue;
      scalars_.jump_if_negative(c, past);
      open = true;
    }
    if (!open) return block(f.body);
    const Pointers::Lags lags = pointers_.lags();
    const int loaded = pointers_.loaded();
    block(f.body);
    pointers_.return_to(lags);
    as_.L(past);
    if (pointers_.loaded() != loaded) pointers_.forget();
  }

  void emit(const ir::For& f) {
    auto lo = scalars_.known_max(f.lo), hi = scalars_.known_min(f.hi);
    if (const auto turns = constant_bounds(f); turns && is_whole(f, *turns).value_or(false)) {
      lo = turns->lo;
      hi = turns->hi;
    }
    scalars_.set_range(f.var, f.lo, f.hi);
    if (!lo || !hi || !fits32(*hi)) {
      const Held held(*this, f);
      return clipped_loop(f, [&] { run_time_loop(f, lo, hi); });
    }
    if (*hi <= *lo) return;
    const Held held(*this, f);
    if (*hi == *lo + 1) {
      scalars_[f.var] = {.kind = Home::Kind::constant, .index = 0, .value = *lo};
      block(f.body);
    } else if (is_short(facts_.loops.at(&f), *lo, *hi)) {
      for (std::int64_t i = *lo; i < *hi; ++i) {
        scalars_[f.var] = {.kind = Home::Kind::constant, .index = 0, .value = i};
        block(f.body);
      }
    } else {
      const LoopFacts& loop = facts_.loops.at(&f);
      const bool up = facts_.value_used[f.var];
      const Home counter = home(loop);
      pointers_.enter(loop, *lo);
      scalars_.store(counter, up ? *lo : *hi - *lo);
      body(f, loop, counter,
           [&](const Xbyak::Operand& c) { as_.cmp(c, static_cast<std::uint32_t>(*hi)); });
      pointers_.leave(loop, *hi);
    }
    scalars_[f.var] = {};
  }

  // Written out: counting, moving pointers and jumping back cost as much as the code of such loops,
  // depthwise taps being 2 turns of 16 statements.
  static bool is_short(const LoopFacts& loop, std::int64_t lo, std::int64_t hi) {
    constexpr std::int64_t kStatements = 64;
    return loop.height == 0 && hi - lo <= kTurns && (hi - lo) * loop.statements <= kStatements &&
           near(loop, std::max<std::int64_t>(std::abs(lo), std::abs(hi)));
  }
  static constexpr std::int64_t kTurns = 8;
  // Displacements up to the turn `last` are short enough.
  static bool near(const LoopFacts& loop, std::int64_t last) {
    constexpr std::int64_t kFar = std::int64_t{1} << 28;
    return std::all_of(loop.moves.begin(), loop.moves.end(),
                       [&](const LoopFacts::Move& m) { return std::abs(m.coeff) <= kFar / last; });
  }

  // The largest of the bounds that are constants, the smallest of the upper ones.
  struct Turns {
    std::int64_t lo, hi;
    std::int64_t count() const { return hi - lo; }
  };
  std::optional<Turns> constant_bounds(const ir::For& f) const {
    std::optional<std::int64_t> lo, hi;
    for (const ir::Affine& form : f.lo)
      if (const auto k = scalars_.known(form)) lo = std::max(lo.value_or(*k), *k);
    for (const ir::Affine& form : f.hi)
      if (const auto k = scalars_.known(form)) hi = std::min(hi.value_or(*k), *k);
    if (!lo || !hi || *hi <= *lo) return std::nullopt;
    return Turns{*lo, *hi};
  }

  // What is 0 or more where the other bounds do not clip these.
  static std::vector<ir::Affine> unclipped(const ir::For& f, const Turns& turns) {
    std::vector<ir::Affine> conditions;
    for (const ir::Affine& form : f.lo) conditions.push_back(turns.lo - form);
    for (const ir::Affine& form : f.hi) conditions.push_back(form - turns.hi);
    return conditions;
  }
  // Whether none of these turns is clipped: always, never, or, without an answer, that depends.
  std::optional<bool> is_whole(const ir::For& f, const Turns& turns) const {
    std::optional<bool> whole = true;
    for (const ir::Affine& c : unclipped(f, turns)) {
      const auto h = scalars_.holds(c);
      if (h && !*h) return false;
      if (!h) whole = std::nullopt;
    }
    return whole;
  }

  // Statements of a block without loops of its own but those that are written out.
  std::optional<std::int64_t> written_out(const ir::Block& body) const {
    std::int64_t sum = 0;
    for (const ir::Stmt& s : body) {
      std::optional<std::int64_t> inside = 1;
      if (const auto* u = std::get_if<ir::Unroll>(&s.node)) {
        inside = written_out(u->body);
        if (inside) *inside *= std::max<std::int64_t>(u->hi - u->lo, 0);
      } else if (const auto* i = std::get_if<ir::If>(&s.node)) {
        inside = written_out(i->body);
      } else if (const auto* f = std::get_if<ir::For>(&s.node)) {
        const auto lo = scalars_.known_max(f->lo), hi = scalars_.known_min(f->hi);
        if (!lo || !hi || !is_short(facts_.loops.at(f), *lo, *hi)) return std::nullopt;
        inside = written_out(f->body);
        if (inside) *inside *= std::max<std::int64_t>(*hi - *lo, 0);
      }
      if (!inside) return std::nullopt;
      sum += *inside;
    }
    return sum;
  }

  // A loop of constant bounds that is clipped at the image's ends, as taps are: where nothing is
  // clipped its few turns are written out. Depthwise, 4 taps, avx2: bounds, saving and restoring
  // pointers were a fifth of the time (178 to 138 us, Zen 4).
  template <class Clipped>
  void clipped_loop(const ir::For& f, Clipped&& clipped) {
    constexpr std::int64_t kStatements = 128;
    const auto turns = constant_bounds(f);
    if (!turns || turns->lo < 0 || turns->hi > kTurns || !near(facts_.loops.at(&f), turns->hi) ||
        !is_whole(f, *turns).value_or(true))
      return clipped();
    const auto statements = written_out(f.body);
    if (!statements || turns->count() * *statements > kStatements) return clipped();
    Xbyak::Label some, past;
    for (const ir::Affine& c : unclipped(f, *turns))
      if (!scalars_.holds(c)) scalars_.jump_if_negative(c, some);
    const Pointers::Lags lags = pointers_.lags();
    for (std::int64_t i = turns->lo; i < turns->hi; ++i) {
      scalars_[f.var] = {.kind = Home::Kind::constant, .index = 0, .value = i};
      block(f.body);
    }
    scalars_[f.var] = {};
    pointers_.return_to(lags);
    as_.jmp(past, as_.T_NEAR);
    as_.L(some);
    pointers_.forget();
    clipped();
    pointers_.return_to(lags);
    as_.L(past);
    pointers_.forget();
  }

  void run_time_loop(const ir::For& f, std::optional<std::int64_t> lo,
                     std::optional<std::int64_t> hi) {
    const LoopFacts& loop = facts_.loops.at(&f);
    const bool up = facts_.value_used[f.var];
    const Home counter = home(loop);
    const Xbyak::Address bound = scalars_.slot(loop.bound_slot);
    const bool short_lo = lo && fits32(*lo), short_hi = hi && fits32(*hi);
    Xbyak::Label past;
    pointers_.enter(loop, short_lo ? *lo : 0);
    const auto compare = [&](const Xbyak::Reg64& value) {
      short_hi ? as_.cmp(value, static_cast<std::uint32_t>(*hi)) : as_.cmp(value, bound);
    };
    if (!short_hi) scalars_.evaluate_min(f.hi);  // into rax
    if (short_lo) {
      as_.cmp(as_.rax, static_cast<std::uint32_t>(*lo));  // hi is not short: then both were known
      as_.jle(past, as_.T_NEAR);
      if (up) {
        as_.mov(bound, as_.rax);
        scalars_.store(counter, *lo);
      } else {
        as_.add_constant(as_.rax, -*lo, as_.rcx);
        scalars_.store(counter, as_.rax);
      }
      pointers_.save(loop);
    } else {
      if (!short_hi) as_.mov(bound, as_.rax);
      if (lo) {
        as_.mov(as_.rax, static_cast<std::uint64_t>(*lo));
      } else {
        scalars_.evaluate_max(f.lo);
      }
      compare(as_.rax);
      as_.jge(past, as_.T_NEAR);
      pointers_.save_and_enter(loop);
      if (up) {
        scalars_.store(counter, as_.rax);
      } else {
        short_hi ? as_.mov(as_.rdx, static_cast<std::uint64_t>(*hi)) : as_.mov(as_.rdx, bound);
        as_.sub(as_.rdx, as_.rax);
        scalars_.store(counter, as_.rdx);
      }
    }
    body(f, loop, counter, [&](const Xbyak::Operand& c) {
      if (c.isMEM()) {
        as_.mov(as_.rax, c);
        compare(as_.rax);
      } else {
        compare(Xbyak::Reg64(c.getIdx()));
      }
    });
    pointers_.restore(loop);
    as_.L(past);
    pointers_.forget();
    if (short_lo) pointers_.leave(loop, *lo);
    scalars_[f.var] = {};
  }

  // From the loop's head to its back edge. A variable whose value is used counts up to the bound
  // that `compare` knows; others count down.
  template <class Compare>
  void body(const ir::For& f, const LoopFacts& loop, const Home& counter, Compare&& compare) {
    const bool up = facts_.value_used[f.var];
    if (up) scalars_[f.var] = counter;
    if (loop.height == 0) as_.align(32);
    Xbyak::Label head;
    as_.L(head);
    pointers_.forget();
    block(f.body);
    pointers_.advance(loop);
    const auto close = [&](const Xbyak::Operand& c) {
      if (up) {
        as_.inc(c);
        compare(c);
        as_.jl(head);
      } else {
        as_.dec(c);
        as_.jnz(head);
      }
    };
    if (counter.kind == Home::Kind::reg) {
      close(Xbyak::Reg64(counter.index));
    } else {
      close(scalars_.slot(counter.index));
    }
  }

  // Constants of a block go into registers that nothing in it uses, from the last one down, the
  // most used first, unless they wait there already. Before loops, outer ones first: so a constant
  // is loaded as seldom as it can be, and loops with few free registers do without.
  void hold(const ConstantUses::Block& block) {
    constexpr double kPays = 4;  // uses for one load
    for (const ConstantUses::Use& use : block.uses) {
      const int free = target_.registers - 1 - static_cast<int>(held_.size());
      if (use.times < kPays || free < top_ + block.registers) return;
      if (held_register(use.constant) >= 0) continue;
      Arg constant;
      constant.kind = Arg::Kind::constant;
      constant.bits = use.constant.bits;
      isa_.mov(use.constant.type(), free, constant);
      held_.push_back(use.constant);
    }
  }
  // Around the code of a loop.
  class Held {
   public:
    Held(Walk& walk, const ir::For& f)
        : walk_(walk), before_(static_cast<std::ptrdiff_t>(walk.held_.size())) {
      walk.hold(walk.uses_.loop(f));
    }
    ~Held() { walk_.held_.erase(walk_.held_.begin() + before_, walk_.held_.end()); }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    Walk& walk_;
    std::ptrdiff_t before_;
  };
  int held_register(const LaneConstant& constant) const {
    const auto at = std::find(held_.begin(), held_.end(), constant);
    return at == held_.end() ? -1 : target_.registers - 1 - static_cast<int>(at - held_.begin());
  }

  // Inner loops get registers first.
  Home home(const LoopFacts& loop) const {
    const int r = std::min(static_cast<int>(facts_.views.size()), kPointerRegisters) + loop.height;
    if (r < kPoolSize) return {.kind = Home::Kind::reg, .index = kPool[r], .value = 0};
    return {.kind = Home::Kind::slot, .index = loop.counter_slot, .value = 0};
  }

  void emit(const ir::Assign& a) {
    const ir::DType type = program_.regs[a.dst.reg].type;
    const int dst = number(a.dst);
    if (a.op == Op::mov) {
      const auto* c = std::get_if<ir::Const>(&a.operands[0]);
      Arg from = resolve(a.operands[0]);
      if (const int r = c && c->bits != 0 ? held_register({type, c->bits}) : -1; r >= 0)
        from = in(r);
      return isa_.mov(type, dst, from);
    }

    const int folded = ir::folded_operand(program_, target_, a);
    std::array<Arg, 3> args;
    std::array<bool, 3> in_register{};
    bool dst_free = true;
    for (std::size_t i = 0; i < a.operands.size(); ++i) {
      const auto* r = std::get_if<ir::RegRef>(&a.operands[i]);
      const auto* c = std::get_if<ir::Const>(&a.operands[i]);
      if (!r && (!c || is_immediate(a.op, i))) continue;
      args[i].reg = r ? number(*r) : held_register({type, c->bits});
      in_register[i] = args[i].reg >= 0;
      if (args[i].reg == dst) dst_free = false;
    }
    int temp = top_;
    for (std::size_t i = 0; i < a.operands.size(); ++i) {
      if (in_register[i] || static_cast<int>(i) == folded || is_immediate(a.op, i)) continue;
      // dot2 accumulates in its destination: only the accumulator may wait there.
      const bool in_dst = dst_free && (a.op != Op::dot2 || i == 2);
      const int r = in_dst ? dst : temp++;
      if (in_dst) dst_free = false;
      isa_.mov(a.op == Op::dot2 && i < 2 ? ir::DType::bf16x2 : type, r, resolve(a.operands[i]));
      args[i].reg = r;
    }
    // Last, as the place of an operand is good only until the next one is resolved.
    if (folded >= 0 && !in_register[static_cast<std::size_t>(folded)])
      args[static_cast<std::size_t>(folded)] =
          resolve(a.operands[static_cast<std::size_t>(folded)]);
    if (is_immediate(a.op, 1)) args[1] = resolve(a.operands[1]);
    if (a.op == Op::perm) return isa_.perm(type, dst, args[0].reg, args[1].reg, a.lanes, temp);
    isa_.op(a.op, type, dst, args.data(), temp);
  }

  void emit(const ir::Store& s) {
    Arg to = at(s.mem);
    to.lanes = s.lanes;
    isa_.store(program_.regs[s.value.reg].type, to, s.stream, number(s.value), top_);
  }

  void emit(const ir::Prefetch& p) {
    const Xbyak::Address place = as_.byte[pointers_.at(p.mem)];
    switch (p.hint) {
      case ir::Hint::l1:
        return as_.prefetcht0(place);
      case ir::Hint::l2:
        return as_.prefetcht1(place);
      case ir::Hint::nta:
        return as_.prefetchnta(place);
    }
  }

  static Arg in(int reg) {
    Arg a;
    a.reg = reg;
    return a;
  }

  Arg at(const ir::Mem& mem) {
    Arg a;
    a.kind = Arg::Kind::load;
    a.memory = program_.views[mem.view].dtype;
    a.at = pointers_.at(mem);
    return a;
  }

  Arg resolve(const ir::Operand& o) {
    Arg a;
    if (const auto* r = std::get_if<ir::RegRef>(&o)) {
      a.reg = number(*r);
    } else if (const auto* l = std::get_if<ir::Load>(&o)) {
      a = at(l->mem);
      a.lanes = l->lanes;
    } else if (const auto* b = std::get_if<ir::Bcast>(&o)) {
      a = at(b->mem);
      a.kind = Arg::Kind::bcast;
    } else {
      a.kind = Arg::Kind::constant;
      a.bits = std::get<ir::Const>(o).bits;
    }
    return a;
  }

  int number(const ir::RegRef& r) const {
    const std::vector<int>& dims = program_.regs[r.reg].dims;
    int n = 0;
    for (std::size_t d = 0; d < r.index.size(); ++d) {
      std::int64_t index = r.index[d].constant();
      for (const ir::Term& t : r.index[d].terms()) index += t.coeff * scalars_[t.var].value;
      n = n * dims[d] + static_cast<int>(index);
    }
    return first_register_[r.reg] + n;
  }

  const ir::Program& program_;
  const ir::Target& target_;
  const ir::Kernel& kernel_;
  Assembler& as_;
  Isa& isa_;
  KernelFacts facts_;
  Scalars scalars_;
  Pointers pointers_;
  ConstantUses uses_;
  std::vector<LaneConstant> held_;   // the first one in the last register, the next before it
  std::vector<int> first_register_;  // by RegId
  int top_ = 0;                      // registers below are declared and live
};

}  // namespace

void emit_kernel(const ir::Program& program, const ir::Target& target, const ir::Kernel& kernel,
                 Assembler& as, Isa& isa) {
  Walk(program, target, kernel, as, isa).run();
}

}  // namespace tconv::jit

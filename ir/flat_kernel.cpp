#include "ir/flat_kernel.h"

#include <cstring>
#include <map>
#include <stdexcept>
#include <utility>

#include "ir/target.h"

namespace tconv::ir {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

class Flattener {
 public:
  Flattener(const Program& program, const Kernel& kernel) : program_(program), kernel_(kernel) {
    const Target* target = find_target(program.target);
    if (target == nullptr) fail(kernel.line, "unknown target " + program.target);
    if (target->vector_bytes > static_cast<int>(kLaneBytes))
      fail(kernel.line, "registers of target " + program.target + " are too wide");
    flat_.vector_bytes = static_cast<std::size_t>(target->vector_bytes);
    flat_.uses.resize(program.vars.size());
    unrolled_.resize(program.vars.size());
    bases_.resize(program.buffers.size(), -1);
    register_of_.resize(program.regs.size(), kNoRegister);
    slot_of_[{}] = 0;
    flat_.slots = 1;
  }

  FlatKernel run() {
    number_registers(kernel_.body);
    for (const Param& p : program_.params) flat_.params.push_back(p.var);
    for (const GridAxis& a : kernel_.grid) flat_.grid.push_back({a.var, form(a.extent)});
    block(kernel_.body);
    return std::move(flat_);
  }

 private:
  static constexpr std::uint32_t kNoRegister = 0xffffffff;

  [[noreturn]] static void fail(int line, const std::string& what) {
    throw std::logic_error("interpret: line " + std::to_string(line) + ": " + what);
  }

  // Registers come before constants in the file, so all are numbered first.
  void number_registers(const Block& block) {
    for (const Stmt& s : block) {
      if (const auto* vec = std::get_if<Vec>(&s.node)) {
        if (register_of_[vec->reg] != kNoRegister) continue;
        register_of_[vec->reg] = static_cast<std::uint32_t>(flat_.register_bytes);
        flat_.register_bytes +=
            static_cast<std::size_t>(program_.regs[vec->reg].count()) * kLaneBytes;
      } else if (const auto* f = std::get_if<For>(&s.node)) {
        number_registers(f->body);
      } else if (const auto* u = std::get_if<Unroll>(&s.node)) {
        number_registers(u->body);
      } else if (const auto* i = std::get_if<If>(&s.node)) {
        number_registers(i->body);
      }
    }
  }

  FlatForm form(const Affine& affine) {
    FlatForm f{0, affine.constant()};
    std::vector<std::pair<VarId, std::int64_t>> open;
    for (const Term& t : affine.terms()) {
      if (program_.vars[t.var].kind == VarKind::unroll)
        f.constant += t.coeff * unrolled_[t.var];
      else
        open.emplace_back(t.var, t.coeff);
    }
    const auto [at, fresh] = slot_of_.try_emplace(open, static_cast<std::uint32_t>(flat_.slots));
    f.slot = at->second;
    if (fresh) {
      ++flat_.slots;
      for (const auto& [var, coeff] : open) flat_.uses[var].push_back({f.slot, coeff});
    }
    return f;
  }

  std::uint32_t reg(const RegRef& ref, int line) {
    const RegInfo& info = program_.regs[ref.reg];
    if (register_of_[ref.reg] == kNoRegister)
      fail(line, "register " + info.name + " is not declared");
    std::int64_t element = 0;
    for (std::size_t d = 0; d < info.dims.size(); ++d) {
      const std::int64_t i = ref.index.at(d).evaluate([this](VarId v) { return unrolled_[v]; });
      if (i < 0 || i >= info.dims[d]) fail(line, "index of register " + info.name);
      element = element * info.dims[d] + i;
    }
    return register_of_[ref.reg] + static_cast<std::uint32_t>(element * std::int64_t{kLaneBytes});
  }

  std::uint32_t base(BufferId buffer) {
    if (bases_[buffer] >= 0) return static_cast<std::uint32_t>(bases_[buffer]);
    const auto index = static_cast<std::uint32_t>(flat_.bases.size());
    if (program_.buffers[buffer].kind == BufferKind::local) {
      flat_.bases.push_back(-1 - static_cast<int>(flat_.locals.size()));
      flat_.locals.push_back(
          {index, local_offset(program_, buffer), max_bytes(program_, program_.buffers[buffer])});
    } else {
      flat_.bases.push_back(buffer_slot(program_, buffer));
    }
    bases_[buffer] = static_cast<int>(index);
    return index;
  }

  FlatOperand memory(const Mem& mem, const Lanes& lanes, DType type, LaneCopy copy, int line) {
    const View& view = program_.views[mem.view];
    if (copy == nullptr)
      fail(line, std::string(name(view.dtype)) + " does not convert with " + name(type));
    FlatOperand o;
    o.lane = static_cast<std::uint16_t>(bytes(type));
    o.element = static_cast<std::uint16_t>(bytes(view.dtype));
    const int count = static_cast<int>(flat_.vector_bytes) / bytes(type);
    const int lo = lanes.lo, hi = lanes.all() ? count : lanes.hi;
    if (lo < 0 || hi > count || lo > hi) fail(line, "lanes");
    o.whole = lo == 0 && hi == static_cast<int>(kLaneBytes) / bytes(type);
    o.lo = static_cast<std::uint16_t>(lo);
    o.hi = static_cast<std::uint16_t>(hi);
    o.base = base(view.buffer);
    o.buffer = view.buffer;
    o.offset = form(byte_offset(program_, mem));
    o.copy = copy;
    return o;
  }

  FlatOperand constant(std::uint64_t bits, DType type) {
    if (bytes(type) == 2) bits = (bits & 0xffff) * 0x10001;
    if (bytes(type) <= 4) bits = (bits & 0xffffffff) * 0x100000001;
    const auto fresh = static_cast<std::uint32_t>(flat_.register_bytes + flat_.constants.size());
    const auto [at, added] = constant_of_.try_emplace(bits, fresh);
    if (added)
      for (std::size_t i = 0; i < kLaneBytes; i += sizeof bits) {
        flat_.constants.resize(flat_.constants.size() + sizeof bits);
        std::memcpy(flat_.constants.data() + flat_.constants.size() - sizeof bits, &bits,
                    sizeof bits);
      }
    return register_operand(at->second);
  }
  static FlatOperand register_operand(std::uint32_t offset) {
    FlatOperand o;
    o.kind = FlatOperandKind::reg;
    o.reg = offset;
    return o;
  }

  FlatOperand operand(const Operand& operand, DType type, int line) {
    return std::visit(
        Overloaded{[&](const RegRef& r) { return register_operand(reg(r, line)); },
                   [&](const Const& c) { return constant(c.bits, type); },
                   [&](const Load& l) {
                     const DType from = program_.views[l.mem.view].dtype;
                     FlatOperand o = memory(l.mem, l.lanes, type, lane_load(from, type), line);
                     o.kind = FlatOperandKind::load;
                     return o;
                   },
                   [&](const Bcast& b) {
                     const DType from = program_.views[b.mem.view].dtype;
                     FlatOperand o = memory(b.mem, {0, 1}, type, lane_load(from, type), line);
                     o.kind = FlatOperandKind::bcast;
                     return o;
                   }},
        operand);
  }

  FlatOp& emit(FlatKind kind, int line) {
    flat_.code.emplace_back();
    flat_.code.back().kind = kind;
    flat_.code.back().line = line;
    return flat_.code.back();
  }
  std::uint32_t here() const { return static_cast<std::uint32_t>(flat_.code.size()); }

  void block(const Block& statements) {
    for (const Stmt& s : statements)
      std::visit([&](const auto& node) { statement(node, s.line); }, s.node);
  }

  void statement(const For& f, int line) {
    const auto forms = static_cast<std::uint32_t>(flat_.forms.size());
    for (const Affine& a : f.lo) flat_.forms.push_back(form(a));
    for (const Affine& a : f.hi) flat_.forms.push_back(form(a));
    const auto loop = static_cast<std::uint32_t>(flat_.loops++);
    const std::uint32_t head = here();
    FlatOp& begin = emit(FlatKind::loop, line);
    begin.var = f.var;
    begin.loop = loop;
    begin.forms = forms;
    begin.lo_count = static_cast<std::uint32_t>(f.lo.size());
    begin.count = static_cast<std::uint32_t>(f.lo.size() + f.hi.size());
    block(f.body);
    FlatOp& end = emit(FlatKind::next, line);
    end.var = f.var;
    end.loop = loop;
    end.target = head + 1;
    flat_.code[head].target = here();
  }
  void statement(const Unroll& u, int) {
    for (std::int64_t i = u.lo; i < u.hi; ++i) {
      unrolled_[u.var] = i;
      block(u.body);
    }
  }
  void statement(const If& guard, int line) {
    const std::uint32_t head = here();
    const auto forms = static_cast<std::uint32_t>(flat_.forms.size());
    for (const Affine& a : guard.conditions) flat_.forms.push_back(form(a));
    FlatOp& op = emit(FlatKind::guard, line);
    op.forms = forms;
    op.count = static_cast<std::uint32_t>(guard.conditions.size());
    block(guard.body);
    flat_.code[head].target = here();
  }
  void statement(const Vec& vec, int line) {
    FlatOp& op = emit(FlatKind::poison, line);
    op.dst = register_of_[vec.reg];
    op.bytes =
        static_cast<std::uint32_t>(program_.regs[vec.reg].count() * static_cast<int>(kLaneBytes));
  }
  void statement(const Assign& a, int line) {
    const DType type = program_.regs[a.dst.reg].type;
    if (a.operands.size() != static_cast<std::size_t>(arity(a.op)))
      fail(line, "number of operands");
    const auto operands = static_cast<std::uint32_t>(flat_.operands.size());
    for (std::size_t i = 0; i < a.operands.size(); ++i) {
      const DType from = a.op == Op::dot2 && i < 2 ? DType::bf16x2 : type;
      flat_.operands.push_back(operand(a.operands[i], from, line));
    }
    FlatOp& op = emit(a.op == Op::perm ? FlatKind::perm : FlatKind::compute, line);
    op.dst = reg(a.dst, line);
    op.operands = operands;
    op.operand_count = static_cast<std::uint32_t>(a.operands.size());
    if (a.op == Op::perm) {
      const int count = static_cast<int>(flat_.vector_bytes) / bytes(type);
      if (static_cast<int>(a.lanes.size()) != count) fail(line, "number of lanes");
      for (int lane : a.lanes)
        if (lane < 0 || lane >= 2 * count) fail(line, "lane of a perm");
      op.lanes = static_cast<std::uint32_t>(flat_.perm_lanes.size());
      op.bytes = static_cast<std::uint32_t>(bytes(type));
      flat_.perm_lanes.insert(flat_.perm_lanes.end(), a.lanes.begin(), a.lanes.end());
    } else {
      op.op = lane_op(a.op, type);
      if (op.op == nullptr) fail(line, std::string(name(a.op)) + " of " + name(type));
    }
  }
  void statement(const Store& s, int line) {
    const DType type = program_.regs[s.value.reg].type;
    const auto operands = static_cast<std::uint32_t>(flat_.operands.size());
    const DType to = program_.views[s.mem.view].dtype;
    flat_.operands.push_back(memory(s.mem, s.lanes, type, lane_store(to, type), line));
    flat_.operands.push_back(register_operand(reg(s.value, line)));
    FlatOp& op = emit(FlatKind::store, line);
    op.operands = operands;
    op.operand_count = 2;
  }
  void statement(const Prefetch&, int) {}

  const Program& program_;
  const Kernel& kernel_;
  FlatKernel flat_;
  std::vector<std::int64_t> unrolled_;  // value of each unroll variable
  std::vector<int> bases_;
  std::vector<std::uint32_t> register_of_;
  std::map<std::vector<std::pair<VarId, std::int64_t>>, std::uint32_t> slot_of_;
  std::map<std::uint64_t, std::uint32_t> constant_of_;
};

}  // namespace

FlatKernel flatten(const Program& program, const Kernel& kernel) {
  return Flattener(program, kernel).run();
}

}  // namespace tconv::ir

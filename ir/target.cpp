#include "ir/target.h"

namespace tconv::ir {
namespace {

const std::vector<Target>& table() {
  static const std::vector<Target> targets = {
      {.name = "avx512",
       .vector_bytes = 64,
       .registers = 32,
       .pointers = 24,
       .bcast_operand = true,
       .masked_lanes = true,
       .dot2 = true,
       .half = true,
       .max_instructions = 30000},
      {.name = "avx2",
       .vector_bytes = 32,
       .registers = 16,
       .pointers = 24,
       .max_instructions = 30000},
      {.name = "sse2",
       .vector_bytes = 16,
       .registers = 16,
       .pointers = 24,
       .fma = false,
       .max_instructions = 30000},
      {.name = "neon128",
       .vector_bytes = 16,
       .registers = 32,
       .pointers = 24,
       .max_instructions = 30000},
      {.name = "tiny", .vector_bytes = 16, .registers = 4, .pointers = 4, .max_instructions = 2000},
  };
  return targets;
}

bool same_in_memory(DType memory, DType reg) { return memory == reg; }

bool foldable(const Program& program, const Target& target, const Operand& operand, DType reg) {
  if (const auto* load = std::get_if<Load>(&operand))
    return load->lanes.all() && same_in_memory(program.views[load->mem.view].dtype, reg);
  if (const auto* bcast = std::get_if<Bcast>(&operand))
    return target.bcast_operand && same_in_memory(program.views[bcast->mem.view].dtype, reg);
  return std::holds_alternative<Const>(operand);
}

bool commutes(Op op) {
  return op == Op::add || op == Op::mul || op == Op::and_ || op == Op::or_ || op == Op::xor_ ||
         op == Op::iadd;
}

}  // namespace

const Target* find_target(const std::string& name) {
  for (const Target& t : table())
    if (t.name == name) return &t;
  return nullptr;
}
std::vector<std::string> target_names() {
  std::vector<std::string> names;
  for (const Target& t : table()) names.push_back(t.name);
  return names;
}

int folded_operand(const Program& program, const Target& target, const Assign& assign) {
  const DType type = program.regs[assign.dst.reg].type;
  const auto ok = [&](std::size_t i) {
    return !std::holds_alternative<RegRef>(assign.operands[i]) &&
           foldable(program, target, assign.operands[i], operand_type(assign.op, i, type));
  };
  switch (assign.op) {
    case Op::mov:
      return -1;  // goes straight to its destination
    case Op::perm:
    case Op::sel:
    case Op::shl:
    case Op::shr:
    case Op::sra:
      return -1;
    case Op::dot2:  // c is the destination
      for (int i : {1, 0})
        if (ok(static_cast<std::size_t>(i))) return i;
      return -1;
    case Op::lt:  // integers compare as b > a
      if (type == DType::i32) return ok(0) ? 0 : -1;
      return ok(1) ? 1 : -1;
    case Op::fma:
      for (int i : {1, 0, 2})
        if (ok(static_cast<std::size_t>(i))) return i;
      return -1;
    case Op::sqrt:
    case Op::round:
      return ok(0) ? 0 : -1;
    default:
      if (ok(1)) return 1;
      return commutes(assign.op) && ok(0) ? 0 : -1;
  }
}

int store_temporaries(DType memory, DType reg, bool all_lanes, const Target& target) {
  int temps = !all_lanes && !target.masked_lanes ? 1 : 0;
  if (memory == reg) return temps;
  // Without the instruction: masks choose between rounded, NaN and zero, or registers do.
  if (memory == DType::bf16) temps += target.masked_lanes ? 1 : 3;
  if (memory == DType::f16) temps += 1;
  return temps;
}

int temporaries(const Program& program, const Target& target, const Stmt& stmt) {
  if (const auto* assign = std::get_if<Assign>(&stmt.node)) {
    if (assign->op == Op::mov) return 0;
    const int folded = folded_operand(program, target, *assign);
    int temps = 0;
    for (std::size_t i = 0; i < assign->operands.size(); ++i) {
      if (static_cast<int>(i) == folded) continue;
      if (is_shift(assign->op) && i == 1) continue;  // an immediate
      if (!std::holds_alternative<RegRef>(assign->operands[i])) ++temps;
    }
    // Integers have no such instruction: the product waits in a register.
    if (assign->op == Op::fma && program.regs[assign->dst.reg].type == DType::i32) ++temps;
    // A permutation of two registers needs its lane numbers in a register, or on targets without
    // two-source permutes a second partial result as well.
    if (assign->op == Op::perm) temps += target.masked_lanes ? 1 : 2;
    return temps;
  }
  if (const auto* store = std::get_if<Store>(&stmt.node)) {
    return store_temporaries(program.views[store->mem.view].dtype,
                             program.regs[store->value.reg].type, store->lanes.all(), target);
  }
  return 0;
}

}  // namespace tconv::ir

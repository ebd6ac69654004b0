// Operands of statements: how many, of which type, which constants and lanes.
#include "ir/verify_parts.h"

namespace tconv::ir {
namespace {

bool is_float(DType t) { return t == DType::f32 || t == DType::f64 || t == DType::f16; }

bool op_takes(Op op, DType type) {
  if (type == DType::f16) return is_half_op(op);
  switch (op) {
    case Op::div:
    case Op::sqrt:
    case Op::round:
      return is_float(type);
    case Op::fma:
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::max:
    case Op::min:
    case Op::lt:
      return type != DType::bf16x2;
    case Op::sra:
      return bytes(type) == 4;
    case Op::dot2:
      return type == DType::f32;
    default:
      return true;  // moves bits
  }
}

std::string lanes_text(const Lanes& l) {
  return "lanes " + std::to_string(l.lo) + ".." + std::to_string(l.hi);
}

bool check_lanes(Checking& c, const Lanes& l, DType type) {
  const int count = c.target.lanes(type);
  if (l.all() ? l.lo == 0 : l.lo >= 0 && l.lo < l.hi && l.hi <= count) return true;
  c.fault(lanes_text(l) + ": a register has lanes 0.." + std::to_string(count));
  return false;
}

bool check_memory(Checking& c, const Mem& mem, DType type, const char* verb) {
  const View& v = c.program.views[mem.view];
  if (converts(v.dtype, type)) return true;
  c.fault(std::string(verb) + " " + v.name + ": " + name(v.dtype) + " in memory and " + name(type) +
          " in the register do not convert");
  return false;
}

bool check_read(Checking& c, const Mem& mem, DType type, const char* verb) {
  const View& v = c.program.views[mem.view];
  if (c.program.buffers[v.buffer].kind == BufferKind::out) {
    c.fault(std::string(verb) + " " + v.name + ": the contents of an out buffer are undefined");
    return false;
  }
  return check_memory(c, mem, type, verb);
}

bool check_constant(Checking& c, const Assign& s, std::size_t i, std::uint64_t bits, DType type) {
  const int width = 8 * bytes(type);
  if (is_shift(s.op) && i == 1) {
    if (bits < static_cast<std::uint64_t>(width)) return true;
    c.fault("shift by " + std::to_string(bits) + " of lanes of " + std::to_string(width) + " bits");
    return false;
  }
  if (width == 64 || bits >> width == 0) return true;
  c.fault("a constant has more bits than a lane");
  return false;
}

bool check_operand(Checking& c, const Assign& s, std::size_t i, DType type) {
  const Operand& o = s.operands[i];
  if (is_shift(s.op) && i == 1 && !std::holds_alternative<Const>(o)) {
    c.fault(std::string(name(s.op)) + " shifts by a constant");
    return false;
  }
  if (const auto* r = std::get_if<RegRef>(&o)) {
    const RegInfo& info = c.program.regs[r->reg];
    if (info.type == type) return true;
    c.fault("operand " + info.name + " is " + name(info.type) + ", " + name(s.op) + " needs " +
            name(type));
    return false;
  }
  if (const auto* load = std::get_if<Load>(&o))
    return check_lanes(c, load->lanes, type) && check_read(c, load->mem, type, "load");
  if (const auto* bcast = std::get_if<Bcast>(&o)) return check_read(c, bcast->mem, type, "bcast");
  return check_constant(c, s, i, std::get<Const>(o).bits, type);
}

bool check_perm(Checking& c, const Assign& s, DType type) {
  const int count = s.op == Op::perm ? c.target.lanes(type) : 0;
  if (s.lanes.size() != static_cast<std::size_t>(count)) {
    c.fault(std::string(name(s.op)) + " has " + std::to_string(s.lanes.size()) +
            " lane numbers, needs " + std::to_string(count));
    return false;
  }
  for (int lane : s.lanes)
    if (lane < 0 || lane >= 2 * count) {
      c.fault("lane " + std::to_string(lane) + " of two registers of " + std::to_string(count));
      return false;
    }
  return true;
}

}  // namespace

bool check_types(Checking& c, const Assign& s) {
  const DType type = c.program.regs[s.dst.reg].type;
  if (s.operands.size() != static_cast<std::size_t>(arity(s.op))) {
    c.fault(std::string(name(s.op)) + " has " + std::to_string(s.operands.size()) +
            " operands, needs " + std::to_string(arity(s.op)));
    return false;
  }
  if (!op_takes(s.op, type)) {
    c.fault(std::string(name(s.op)) + " is not defined for " + name(type));
    return false;
  }
  if (s.op == Op::fma && is_float(type) && !c.target.fma) {
    c.fault("target " + c.target.name + " has no fma");
    return false;
  }
  if (!check_perm(c, s, type)) return false;
  for (std::size_t i = 0; i < s.operands.size(); ++i)
    if (!check_operand(c, s, i, operand_type(s.op, i, type))) return false;
  return true;
}

bool check_types(Checking& c, const Store& s) {
  const DType type = c.program.regs[s.value.reg].type;
  const View& v = c.program.views[s.mem.view];
  if (c.program.buffers[v.buffer].kind == BufferKind::in) {
    c.fault("store " + v.name + ": an in buffer is read only");
    return false;
  }
  if (v.dtype == DType::s8 || v.dtype == DType::u8) {
    c.fault("store " + v.name + ": no register is stored as " + name(v.dtype));
    return false;
  }
  return check_lanes(c, s.lanes, type) && check_memory(c, s.mem, type, "store");
}

}  // namespace tconv::ir

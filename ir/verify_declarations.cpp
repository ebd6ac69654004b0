// Params, buffers and views of a program.
#include <bit>

#include "ir/print.h"
#include "ir/verify_parts.h"

namespace tconv::ir {

std::string Checking::text(const Affine& form) const { return print(program, form); }

bool Checking::form(const Affine& f) {
  bool small = f.constant() <= kMaxNumber && f.constant() >= -kMaxNumber;
  for (const Term& t : f.terms()) {
    if (!facts.in_scope(t.var)) {
      const bool known = t.var < program.vars.size();
      fault("variable " + (known ? program.vars[t.var].name : std::to_string(t.var)) +
            " is not in scope");
      return false;
    }
    small = small && t.coeff <= kMaxNumber && t.coeff >= -kMaxNumber;
  }
  if (!small) fault("a number in '" + text(f) + "' is beyond 2^47");
  return small;
}
bool Checking::forms(const std::vector<Affine>& list) {
  for (const Affine& f : list)
    if (!form(f)) return false;
  return true;
}

namespace {

bool check_param(Checking& c, const Param& p) {
  if (p.var >= c.program.vars.size() || c.facts.in_scope(p.var) ||
      c.program.vars[p.var].kind != VarKind::param) {
    c.fault("a param without a variable of its own");
    return false;
  }
  const std::string& name = c.program.vars[p.var].name;
  if (!p.derived()) {
    if (p.lo > p.hi || p.lo < -kMaxNumber || p.hi > kMaxNumber) {
      c.fault("param " + name + ": " + std::to_string(p.lo) + ".." + std::to_string(p.hi) +
              " is no range of numbers up to 2^47");
      return false;
    }
    c.facts.declare(p.var, {p.lo, p.hi});
    return true;
  }
  Interval n;
  if (!c.form(p.numerator)) return false;
  if (p.denominator > kMaxNumber || !c.facts.range(p.numerator, n)) {
    c.fault("param " + name + ": a number is beyond 2^47");
    return false;
  }
  const auto ceil_div = [&](std::int64_t a) {
    return a > 0 ? (a - 1) / p.denominator + 1 : a / p.denominator;
  };
  c.facts.declare(p.var, {ceil_div(n.lo), ceil_div(n.hi)});
  const Affine gap = Affine::var(p.var, p.denominator) - p.numerator;  // 0 .. denominator - 1
  c.facts.assume(gap);
  c.facts.assume(Affine(p.denominator - 1) - gap);
  return true;
}

// Elements for one step of the outermost dimension, and the extent of that dimension; the product
// of their largest values stays below kMaxNumber bytes.
bool check_dims(Checking& c, const std::string& name, const std::vector<Affine>& dims, DType type,
                Affine& size) {
  if (dims.empty()) {
    c.fault(name + " has no dimensions");
    return false;
  }
  if (!c.forms(dims)) return false;
  Wide inner = bytes(type);
  for (std::size_t d = 1; d < dims.size(); ++d) {
    if (!dims[d].is_constant() || dims[d].constant() < 0) {
      c.fault(name + ": dimension " + std::to_string(d) +
              " must be a number; only the outermost may use params");
      return false;
    }
    inner *= dims[d].constant();
    if (inner > kMaxNumber) break;
  }
  Interval outer;
  const bool bounded = c.facts.range(dims[0], outer);
  if (!bounded || inner > kMaxNumber || inner * outer.hi > kMaxNumber) {
    c.fault(name + " is larger than 2^47 bytes");
    return false;
  }
  if (!c.facts.proves(dims[0], 1, 0)) {
    c.fault(name + ": dimension 0 = " + c.text(dims[0]) + " can be negative");
    return false;
  }
  for (const Term& t : dims[0].terms())
    if (inner * t.coeff > kMaxNumber || inner * t.coeff < -kMaxNumber ||
        inner * dims[0].constant() > kMaxNumber || inner * dims[0].constant() < -kMaxNumber) {
      c.fault(name + " is larger than 2^47 bytes");
      return false;
    }
  size = dims[0] * static_cast<std::int64_t>(inner);
  return true;
}

bool check_view(Checking& c, const View& v, std::int64_t& local_bytes) {
  const Program& p = c.program;
  if (v.buffer >= p.buffers.size()) {
    c.fault(v.name + " is a view of no buffer");
    return false;
  }
  const Buffer& b = p.buffers[v.buffer];
  Affine size;
  if (!check_dims(c, v.name, v.dims, v.dtype, size)) return false;
  if (v.identity) {
    if (v.dims != b.dims || v.dtype != b.dtype || v.byte_offset != 0)
      c.fault(v.name + " differs from its buffer");
    if (b.align < 0 || (b.align > 0 && !std::has_single_bit(static_cast<unsigned>(b.align))))
      c.fault(b.name + ": align " + std::to_string(b.align) + " is no power of two");
    if (b.kind == BufferKind::local) {
      Interval i;
      if (c.facts.range(size, i)) local_bytes += i.hi + 64;
      if (local_bytes > kMaxNumber) c.fault("local buffers are larger than 2^47 bytes");
    }
    return true;
  }
  Affine whole;
  if (!check_dims(c, b.name, b.dims, b.dtype, whole)) return false;
  if (v.byte_offset < 0 || v.byte_offset > kMaxNumber || v.byte_offset % bytes(v.dtype) != 0)
    c.fault("view " + v.name + ": offset " + std::to_string(v.byte_offset) +
            " is negative or no multiple of " + std::to_string(bytes(v.dtype)) + " bytes");
  else if (!c.facts.proves(whole - size, 1, -v.byte_offset))
    c.fault("view " + v.name + " ends at byte " + c.text(size + v.byte_offset) + ", " + b.name +
            " at " + c.text(whole));
  return true;
}

}  // namespace

bool check_declarations(Checking& c) {
  bool sound = true;
  for (const Param& p : c.program.params) {
    c.line = p.line;
    if (!check_param(c, p)) return false;
  }
  std::int64_t local_bytes = 0;
  std::size_t identities = 0;
  for (const View& v : c.program.views) {
    c.line = v.line;
    sound = check_view(c, v, local_bytes) && sound;
    identities += v.identity;
  }
  if (sound && identities != c.program.buffers.size()) {
    c.fault("a buffer without its own view");
    sound = false;
  }
  return sound;
}

}  // namespace tconv::ir

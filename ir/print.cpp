#include "ir/print.h"

#include <bit>
#include <charconv>
#include <cmath>

#include "ir/op_math.h"

namespace tconv::ir {
namespace {

// "1.0", "-2.5e-07": the shortest text that reads back as the same bits; empty if there is none.
template <class Float>
std::string decimal(Float value) {
  if (!std::isfinite(value) || (value == 0 && std::signbit(value))) return {};
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  std::string s(text, end);
  if (s.find_first_of(".e") == std::string::npos) s += ".0";
  return s;
}

std::string hex(std::uint64_t bits, int digits) {
  char text[20];
  const auto end = std::to_chars(text, text + sizeof text, bits, 16).ptr;
  const auto n = static_cast<std::size_t>(end - text);
  const auto width = static_cast<std::size_t>(digits);
  return "0x" + std::string(n < width ? width - n : 0, '0') + std::string(text, n);
}

std::string constant(std::uint64_t bits, DType type, bool as_bits) {
  const int digits = 2 * bytes(type);
  if (as_bits || type == DType::bf16x2 || (digits < 16 && bits >> 4 * digits != 0))
    return hex(bits, digits);
  if (type == DType::i32) return std::to_string(static_cast<std::int32_t>(bits));
  const auto lane = static_cast<std::uint32_t>(bits);
  const std::string text = type == DType::f64 ? decimal(std::bit_cast<double>(bits))
                           : type == DType::f16
                               ? decimal(op_math::f16_to_f32(static_cast<std::uint16_t>(lane)))
                               : decimal(std::bit_cast<float>(lane));
  return text.empty() ? hex(bits, digits) : text;
}

class Printer {
 public:
  explicit Printer(const Program& program) : p_(program) {}

  void affine(const Affine& form);
  void program();
  std::string take() { return std::move(out_); }

  void operator()(const For& s);
  void operator()(const Unroll& s);
  void operator()(const If& s);
  void operator()(const Vec& s);
  void operator()(const Assign& s);
  void operator()(const Store& s);
  void operator()(const Prefetch& s);

 private:
  template <class... Parts>
  void put(const Parts&... parts) {
    (append(parts), ...);
  }
  void append(const char* s) { out_ += s; }
  void append(const std::string& s) { out_ += s; }
  void append(std::int64_t n) { out_ += std::to_string(n); }
  void append(int n) { out_ += std::to_string(n); }
  void append(const Affine& form) { affine(form); }

  void start() { out_.append(2 * static_cast<std::size_t>(depth_), ' '); }
  template <class Range>
  void list(const Range& items, const char* separator = ", ") {
    const char* before = "";
    for (const auto& item : items) {
      put(before, item);
      before = separator;
    }
  }
  template <class Range>
  void brackets(const Range& items) {
    put("[");
    list(items, ",");
    put("]");
  }
  void bound(const char* function, const std::vector<Affine>& forms) {
    if (forms.size() == 1) return put(forms[0]);
    put(function, "(");
    list(forms);
    put(")");
  }
  void reg(const RegRef& r) {
    put(p_.regs[r.reg].name);
    if (!r.index.empty()) brackets(r.index);
  }
  void mem(const Mem& m) {
    put(p_.views[m.view].name);
    brackets(m.index);
  }
  void lanes(const Lanes& l) {
    if (!l.all()) put(" lanes ", l.lo, "..", l.hi);
  }
  void block(const Block& b) {
    put(" {\n");
    ++depth_;
    for (const Stmt& s : b) {
      start();
      std::visit(*this, s.node);
      put("\n");
    }
    --depth_;
    start();
    put("}");
  }
  void operand(const Assign& s, std::size_t i);
  void param(const Param& p);
  void view(const View& v);
  void kernel(const Kernel& k);

  const Program& p_;
  std::string out_;
  int depth_ = 0;
};

// Terms with a positive coefficient come first, so that no form but a negative one begins with '-'.
void Printer::affine(const Affine& form) {
  const std::size_t begin = out_.size();
  const auto terms = [&](bool positive) {
    for (const Term& t : form.terms()) {
      if ((t.coeff > 0) != positive) continue;
      if (positive && out_.size() > begin) put("+");
      if (t.coeff == -1) put("-");
      if (t.coeff != 1 && t.coeff != -1) put(t.coeff, "*");
      put(p_.vars[t.var].name);
    }
  };
  const std::int64_t c = form.constant();
  terms(true);
  if (c > 0) put(out_.size() > begin ? "+" : "", c);
  terms(false);
  if (c < 0 || out_.size() == begin) put(c);
}

void Printer::operand(const Assign& s, std::size_t i) {
  const Operand& o = s.operands[i];
  if (const auto* r = std::get_if<RegRef>(&o)) {
    reg(*r);
  } else if (const auto* load = std::get_if<Load>(&o)) {
    put("load ");
    mem(load->mem);
    lanes(load->lanes);
  } else if (const auto* bcast = std::get_if<Bcast>(&o)) {
    put("bcast ");
    mem(bcast->mem);
  } else {
    const std::uint64_t bits = std::get<Const>(o).bits;
    if (is_shift(s.op) && i == 1) return put(std::to_string(bits));
    put(constant(bits, operand_type(s.op, i, p_.regs[s.dst.reg].type), is_bit_op(s.op)));
  }
}

void Printer::operator()(const For& s) {
  put("for ", p_.vars[s.var].name, " in ");
  bound("max", s.lo);
  put("..");
  bound("min", s.hi);
  block(s.body);
}
void Printer::operator()(const Unroll& s) {
  put("unroll ", p_.vars[s.var].name, " in ", s.lo, "..", s.hi);
  block(s.body);
}
void Printer::operator()(const If& s) {
  put("if ");
  list(s.conditions, " >= 0, ");
  put(" >= 0");
  block(s.body);
}
void Printer::operator()(const Vec& s) {
  const RegInfo& r = p_.regs[s.reg];
  put("vec ", r.name);
  if (!r.dims.empty()) brackets(r.dims);
  if (r.type != DType::f32) put(" : ", name(r.type));
}
void Printer::operator()(const Assign& s) {
  reg(s.dst);
  put(" = ", name(s.op));
  for (std::size_t i = 0; i < s.operands.size(); ++i) {
    put(i == 0 ? " " : ", ");
    operand(s, i);
  }
  if (s.op == Op::perm) {
    put(", ");
    brackets(s.lanes);
  }
}
void Printer::operator()(const Store& s) {
  put("store ");
  mem(s.mem);
  lanes(s.lanes);
  if (s.stream) put(" stream");
  put(", ");
  reg(s.value);
}
void Printer::operator()(const Prefetch& s) {
  put("prefetch ");
  mem(s.mem);
  put(" ", name(s.hint));
}

void Printer::param(const Param& p) {
  put("param ", p_.vars[p.var].name);
  if (p.derived()) {
    put(" = ceil(", p.numerator, " / ", p.denominator, ")\n");
  } else {
    put(" in ", p.lo, "..", p.hi, "\n");
  }
}

void Printer::view(const View& v) {
  const Buffer& b = p_.buffers[v.buffer];
  if (v.identity) {
    put("buffer ", b.name, " : ", name(b.dtype));
    brackets(b.dims);
    put(" ", name(b.kind));
    if (b.align > 0) put(" align ", b.align);
  } else {
    put("view ", v.name, " of ", b.name);
    if (v.byte_offset != 0) put(" + ", v.byte_offset);
    put(" : ", name(v.dtype));
    brackets(v.dims);
  }
  put("\n");
}

void Printer::kernel(const Kernel& k) {
  start();
  put("kernel ", k.name, " grid(");
  const char* before = "";
  for (const GridAxis& a : k.grid) {
    put(before, p_.vars[a.var].name, ":", a.extent);
    before = ", ";
  }
  put(")");
  block(k.body);
  put("\n");
}

void Printer::program() {
  put("target ", p_.target, "\n");
  for (const Param& p : p_.params) param(p);
  for (const View& v : p_.views) view(v);
  for (const Stage& s : p_.stages) {
    put("stage {\n");
    ++depth_;
    for (const Kernel& k : s.kernels) kernel(k);
    --depth_;
    put("}\n");
  }
}

// Counts lines as Printer writes them.
class LineNumbers {
 public:
  void program(Program& p) {
    for (Param& q : p.params) q.line = ++line_;
    for (View& v : p.views) v.line = ++line_;
    for (Stage& s : p.stages) {
      ++line_;
      for (Kernel& k : s.kernels) {
        k.line = ++line_;
        block(k.body);
      }
      ++line_;
    }
  }

 private:
  void block(Block& b) {
    for (Stmt& s : b) {
      s.line = ++line_;
      if (auto* f = std::get_if<For>(&s.node)) block(f->body);
      if (auto* u = std::get_if<Unroll>(&s.node)) block(u->body);
      if (auto* i = std::get_if<If>(&s.node)) block(i->body);
    }
    ++line_;
  }
  int line_ = 1;
};

}  // namespace

std::string print(const Program& program) {
  Printer printer(program);
  printer.program();
  return printer.take();
}
std::string print(const Program& program, const Affine& form) {
  Printer printer(program);
  printer.affine(form);
  return printer.take();
}
void number_lines(Program& program) { LineNumbers().program(program); }

}  // namespace tconv::ir

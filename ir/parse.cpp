#include "ir/parse.h"

#include <bit>
#include <charconv>
#include <limits>

#include "ir/lexer.h"
#include "ir/op_math.h"

namespace tconv::ir {
namespace {

constexpr int kMaxDepth = 100;  // of nested blocks: the walkers recurse

// The names that are visible, innermost last. They point into the text.
template <class Id>
class Scope {
 public:
  const Id* find(std::string_view name) const {
    for (auto i = names_.rbegin(); i != names_.rend(); ++i)
      if (i->first == name) return &i->second;
    return nullptr;
  }
  void add(std::string_view name, Id id) { names_.emplace_back(name, id); }
  std::size_t mark() const { return names_.size(); }
  void leave(std::size_t mark) {
    names_.erase(names_.begin() + static_cast<long>(mark), names_.end());
  }

 private:
  std::vector<std::pair<std::string_view, Id>> names_;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : lex_(text) {}
  Program program();

 private:
  [[noreturn]] void fail(const std::string& what) const { throw ParseError(line(), what); }
  int line() const { return lex_.peek().line; }
  std::string_view new_name(const char* what);
  VarId declare(VarKind kind);

  void param();
  void buffer();
  void view();
  DType dtype();
  Kernel kernel();
  Block block();
  Stmt statement();
  For for_loop();
  Unroll unroll();
  If guard();
  Vec vec();
  Assign assign();
  Store store();
  Prefetch prefetch();

  Affine affine();
  void term(Affine& sum, bool negative);
  std::vector<Affine> forms(const char* end);
  std::vector<Affine> bound(const char* function);
  template <class Int>
  std::vector<Int> numbers();
  RegRef reg();
  Mem mem();
  Lanes lanes();
  Operand operand(Op op, std::size_t i, DType type);
  std::uint64_t constant(Op op, std::size_t i, DType type);

  Lexer lex_;
  Program p_;
  Scope<VarId> vars_;
  Scope<ViewId> views_;
  Scope<RegId> regs_;
  int depth_ = 0;
};

std::string_view Parser::new_name(const char* what) {
  const Token token = lex_.expect(Token::Kind::word, what);
  for (const char* reserved : {"for", "unroll", "if", "vec", "store", "prefetch", "load", "bcast",
                               "lanes", "stream", "in", "of", "max", "min", "stage", "kernel"})
    if (token.text == reserved)
      throw ParseError(token.line, quoted(token.text) + " is a word of the language");
  return token.text;
}

VarId Parser::declare(VarKind kind) {
  const int at = line();
  const std::string_view name = new_name("the name of a variable");
  if (vars_.find(name)) throw ParseError(at, "variable " + quoted(name) + " is declared already");
  const auto id = static_cast<VarId>(p_.vars.size());
  p_.vars.push_back({std::string(name), kind});
  vars_.add(name, id);
  return id;
}

// ---- declarations
// ------------------------------------------------------------------------------------

Program Parser::program() {
  lex_.expect("target");
  p_.target = lex_.expect(Token::Kind::word, "the name of a target").text;
  while (lex_.is("param")) param();
  while (lex_.is("buffer") || lex_.is("view")) lex_.is("buffer") ? buffer() : view();
  while (lex_.accept("stage")) {
    lex_.expect("{");
    Stage stage;
    while (!lex_.accept("}")) stage.kernels.push_back(kernel());
    p_.stages.push_back(std::move(stage));
  }
  if (lex_.peek().kind != Token::Kind::end) lex_.fail_expected("'stage'");
  return std::move(p_);
}

void Parser::param() {
  Param p;
  p.line = line();
  lex_.expect("param");
  p.var = declare(VarKind::param);
  if (lex_.accept("in")) {
    p.lo = lex_.integer("the smallest value");
    lex_.expect("..");
    p.hi = lex_.integer("the largest value");
  } else {
    lex_.expect("=");
    lex_.expect("ceil");
    lex_.expect("(");
    p.numerator = affine();
    if (p.numerator.coeff(p.var) != 0) fail("a param is no part of its own definition");
    lex_.expect("/");
    p.denominator = lex_.integer("a divisor");
    if (p.denominator <= 0) fail("a divisor must be positive");
    lex_.expect(")");
  }
  p_.params.push_back(std::move(p));
}

DType Parser::dtype() {
  DType type{};
  if (!parse_dtype(std::string(lex_.peek().text), type)) lex_.fail_expected("a type");
  lex_.next();
  return type;
}

void Parser::buffer() {
  const int at = line();
  lex_.expect("buffer");
  Buffer b;
  const std::string_view text = new_name("the name of a buffer");
  b.name = text;
  if (views_.find(text)) fail(quoted(b.name) + " is declared already");
  lex_.expect(":");
  b.dtype = dtype();
  lex_.expect("[");
  b.dims = forms("]");
  bool known = false;
  for (BufferKind kind :
       {BufferKind::in, BufferKind::out, BufferKind::inout, BufferKind::scratch, BufferKind::local})
    if (!known && lex_.accept(name(kind))) known = true, b.kind = kind;
  if (!known) lex_.fail_expected("in, out, inout, scratch or local");
  if (lex_.accept("align")) b.align = lex_.small_integer("an alignment in bytes");
  const auto id = static_cast<BufferId>(p_.buffers.size());
  p_.views.push_back({b.name, id, true, 0, b.dtype, b.dims, at});
  p_.buffers.push_back(std::move(b));
  views_.add(text, static_cast<ViewId>(p_.views.size() - 1));
}

void Parser::view() {
  View v;
  v.line = line();
  lex_.expect("view");
  const std::string_view text = new_name("the name of a view");
  v.name = text;
  if (views_.find(text)) fail(quoted(v.name) + " is declared already");
  lex_.expect("of");
  const Token of = lex_.expect(Token::Kind::word, "a buffer");
  const ViewId* base = views_.find(of.text);
  if (!base || !p_.views[*base].identity)
    throw ParseError(of.line, quoted(of.text) + " is no buffer");
  v.buffer = p_.views[*base].buffer;
  if (lex_.accept("+")) v.byte_offset = lex_.integer("an offset in bytes");
  lex_.expect(":");
  v.dtype = dtype();
  lex_.expect("[");
  v.dims = forms("]");
  p_.views.push_back(std::move(v));
  views_.add(text, static_cast<ViewId>(p_.views.size() - 1));
}

Kernel Parser::kernel() {
  Kernel k;
  k.line = line();
  lex_.expect("kernel");
  k.name = lex_.expect(Token::Kind::word, "the name of a kernel").text;
  const std::size_t outside = vars_.mark();
  lex_.expect("grid");
  lex_.expect("(");
  while (!lex_.accept(")")) {
    if (!k.grid.empty()) lex_.expect(",");
    GridAxis axis;
    axis.var = declare(VarKind::grid);
    lex_.expect(":");
    axis.extent = affine();
    k.grid.push_back(std::move(axis));
  }
  k.body = block();
  vars_.leave(outside);
  return k;
}

// ---- statements
// --------------------------------------------------------------------------------------

Block Parser::block() {
  if (++depth_ > kMaxDepth) fail("blocks nest deeper than " + std::to_string(kMaxDepth));
  const std::size_t registers = regs_.mark();
  lex_.expect("{");
  Block b;
  while (!lex_.accept("}")) b.push_back(statement());
  regs_.leave(registers);
  --depth_;
  return b;
}

Stmt Parser::statement() {
  const int at = line();
  if (lex_.accept("for")) return {for_loop(), at};
  if (lex_.accept("unroll")) return {unroll(), at};
  if (lex_.accept("if")) return {guard(), at};
  if (lex_.accept("vec")) return {vec(), at};
  if (lex_.accept("store")) return {store(), at};
  if (lex_.accept("prefetch")) return {prefetch(), at};
  if (lex_.peek().kind != Token::Kind::word) lex_.fail_expected("a statement or '}'");
  return {assign(), at};
}

For Parser::for_loop() {
  For s;
  const std::size_t outside = vars_.mark();
  s.var = declare(VarKind::loop);
  lex_.expect("in");
  s.lo = bound("max");
  lex_.expect("..");
  s.hi = bound("min");
  for (const auto* bounds : {&s.lo, &s.hi})
    for (const Affine& f : *bounds)
      if (f.coeff(s.var) != 0) fail("a loop's variable is not in scope in its bounds");
  s.body = block();
  vars_.leave(outside);
  return s;
}

Unroll Parser::unroll() {
  Unroll s;
  const std::size_t outside = vars_.mark();
  s.var = declare(VarKind::unroll);
  lex_.expect("in");
  s.lo = lex_.integer("a number");
  lex_.expect("..");
  s.hi = lex_.integer("a number");
  s.body = block();
  vars_.leave(outside);
  return s;
}

If Parser::guard() {
  If s;
  do {
    s.conditions.push_back(affine());
    lex_.expect(">=");
    const int at = line();
    if (lex_.integer("'0'") != 0) throw ParseError(at, "a condition compares with 0");
  } while (lex_.accept(","));
  s.body = block();
  return s;
}

Vec Parser::vec() {
  const int at = line();
  const std::string_view name = new_name("the name of a register");
  if (regs_.find(name)) throw ParseError(at, "register " + quoted(name) + " is declared already");
  RegInfo info;
  info.name = name;
  if (lex_.accept("[")) info.dims = numbers<int>();
  if (lex_.accept(":")) info.type = dtype();
  const auto id = static_cast<RegId>(p_.regs.size());
  p_.regs.push_back(std::move(info));
  regs_.add(name, id);
  return {id};
}

Assign Parser::assign() {
  Assign s;
  s.dst = reg();
  lex_.expect("=");
  const Token word = lex_.expect(Token::Kind::word, "an op");
  if (!parse_op(std::string(word.text), s.op))
    throw ParseError(word.line, quoted(word.text) + " is no op");
  const DType type = p_.regs[s.dst.reg].type;
  for (std::size_t i = 0; i < static_cast<std::size_t>(arity(s.op)); ++i) {
    if (i > 0) lex_.expect(",");
    s.operands.push_back(operand(s.op, i, operand_type(s.op, i, type)));
  }
  if (s.op == Op::perm) {
    lex_.expect(",");
    lex_.expect("[");
    s.lanes = numbers<int>();
  }
  return s;
}

Store Parser::store() {
  Store s;
  s.mem = mem();
  s.lanes = lanes();
  s.stream = lex_.accept("stream");
  lex_.expect(",");
  s.value = reg();
  return s;
}

Prefetch Parser::prefetch() {
  Prefetch s;
  s.mem = mem();
  for (Hint hint : {Hint::l1, Hint::l2, Hint::nta})
    if (lex_.accept(name(hint))) return s.hint = hint, s;
  lex_.fail_expected("l1, l2 or nta");
}

// ---- operands and forms
// ------------------------------------------------------------------------------

RegRef Parser::reg() {
  const Token token = lex_.expect(Token::Kind::word, "a register");
  const RegId* id = regs_.find(token.text);
  if (!id) throw ParseError(token.line, quoted(token.text) + " is no register here");
  RegRef r{*id, {}};
  if (lex_.accept("[")) r.index = forms("]");
  return r;
}

Mem Parser::mem() {
  const Token token = lex_.expect(Token::Kind::word, "a buffer or view");
  const ViewId* id = views_.find(token.text);
  if (!id) throw ParseError(token.line, quoted(token.text) + " is no buffer or view");
  lex_.expect("[");
  return {*id, forms("]")};
}

Lanes Parser::lanes() {
  Lanes l;
  if (!lex_.accept("lanes")) return l;
  l.lo = lex_.small_integer("a lane");
  lex_.expect("..");
  l.hi = lex_.small_integer("a lane");
  if (l.lo < 0 || l.hi <= l.lo) fail("lanes are a..b with 0 <= a < b");
  return l;
}

Operand Parser::operand(Op op, std::size_t i, DType type) {
  if (lex_.accept("load")) {
    Load load{mem(), {}};
    load.lanes = lanes();
    return load;
  }
  if (lex_.accept("bcast")) return Bcast{mem()};
  if (lex_.peek().kind == Token::Kind::word) return reg();
  return Const{constant(op, i, type)};
}

template <class Float>
bool read_real(std::string_view text, bool negative, Float& value) {
  const auto r = std::from_chars(text.begin(), text.end(), value);
  if (negative) value = -value;
  return r.ec == std::errc();
}

std::uint64_t Parser::constant(Op op, std::size_t i, DType type) {
  if (is_shift(op) && i == 1) return static_cast<std::uint64_t>(lex_.integer("a shift count"));
  const int at = line();
  if (lex_.peek().kind == Token::Kind::bits) {
    const std::uint64_t bits = lex_.bits();
    if (const int width = 8 * bytes(type); width < 64 && bits >> width != 0)
      throw ParseError(at, "a constant of " + std::to_string(width) + " bits has more");
    return bits;
  }
  const bool half = type == DType::f16, real = type == DType::f32 || type == DType::f64 || half;
  if (is_bit_op(op) || type == DType::bf16x2)
    lex_.fail_expected("a register, load, bcast or 0x bits");
  if (!real) {
    const int value = lex_.small_integer("a register, load, bcast or integer");
    return static_cast<std::uint32_t>(value);
  }
  const bool negative = lex_.accept("-");
  const Token token = lex_.peek();
  if (token.kind != Token::Kind::real && token.kind != Token::Kind::integer)
    lex_.fail_expected("a register, load, bcast or number");
  lex_.next();
  float single = 0;
  double wide = 0;
  if (!(type == DType::f32 ? read_real(token.text, negative, single)
                           : read_real(token.text, negative, wide)) ||
      (half && (wide >= 65520 || wide <= -65520)))
    throw ParseError(at, std::string(token.text) + " is out of range for " + name(type));
  if (half) return op_math::to_f16(wide);
  return type == DType::f32 ? std::bit_cast<std::uint32_t>(single)
                            : std::bit_cast<std::uint64_t>(wide);
}

template <class Int>
std::vector<Int> Parser::numbers() {
  std::vector<Int> list;
  do list.push_back(lex_.small_integer("a number"));
  while (lex_.accept(","));
  lex_.expect("]");
  return list;
}

std::vector<Affine> Parser::forms(const char* end) {
  std::vector<Affine> list;
  do list.push_back(affine());
  while (lex_.accept(","));
  lex_.expect(end);
  return list;
}

std::vector<Affine> Parser::bound(const char* function) {
  if (!lex_.accept(function)) return {affine()};
  lex_.expect("(");
  return forms(")");
}

void Parser::term(Affine& sum, bool negative) {
  const int at = line();
  std::int64_t factor = 1;
  bool constant = false;
  if (lex_.peek().kind == Token::Kind::integer) {
    factor = lex_.integer("a number");
    constant = !lex_.accept("*");
  }
  VarId var = 0;
  if (!constant) {
    const Token token = lex_.expect(Token::Kind::word, "a number or variable");
    const VarId* id = vars_.find(token.text);
    if (!id) throw ParseError(at, quoted(token.text) + " is no variable here");
    var = *id;
    if (lex_.accept("*") && __builtin_mul_overflow(factor, lex_.integer("a number"), &factor))
      throw ParseError(at, "a coefficient does not fit in 64 bits");
  }
  if (negative) factor = -factor;  // literals are never the smallest integer
  std::int64_t total = 0;
  if (__builtin_add_overflow(constant ? sum.constant() : sum.coeff(var), factor, &total) ||
      total == std::numeric_limits<std::int64_t>::min())
    throw ParseError(at, "a coefficient does not fit in 64 bits");
  sum += constant ? Affine(factor) : Affine::var(var, factor);
}

Affine Parser::affine() {
  Affine sum;
  term(sum, lex_.accept("-"));
  while (lex_.is("+") || lex_.is("-")) {
    const bool negative = lex_.next().text == "-";
    term(sum, negative);
  }
  return sum;
}

}  // namespace

Program parse(std::string_view text) { return Parser(text).program(); }

}  // namespace tconv::ir

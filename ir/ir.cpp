#include "ir/ir.h"

#include <array>
#include <stdexcept>

namespace tconv::ir {
namespace {

constexpr std::array<const char*, 8> kDTypeNames = {"f32",  "f64",    "i32", "f16",
                                                    "bf16", "bf16x2", "s8",  "u8"};
struct OpInfo {
  const char* name;
  int arity;
};
constexpr OpInfo kOps[] = {
#define X(op, arity, text) {#op, arity},
    TCONV_IR_OPS(X)
#undef X
};

std::int64_t align64(std::int64_t n) { return (n + 63) / 64 * 64; }

}  // namespace

const char* name(DType t) { return kDTypeNames[static_cast<std::size_t>(t)]; }
bool parse_dtype(const std::string& text, DType& out) {
  for (std::size_t i = 0; i < kDTypeNames.size(); ++i)
    if (text == kDTypeNames[i]) return out = static_cast<DType>(i), true;
  return false;
}

const char* name(Op op) {
  if (op == Op::and_) return "and";
  if (op == Op::or_) return "or";
  if (op == Op::xor_) return "xor";
  return kOps[static_cast<std::size_t>(op)].name;
}
int arity(Op op) { return kOps[static_cast<std::size_t>(op)].arity; }
bool parse_op(const std::string& text, Op& out) {
  for (int i = 0; i < kOpCount; ++i)
    if (text == name(static_cast<Op>(i))) return out = static_cast<Op>(i), true;
  return false;
}

const char* name(BufferKind kind) {
  constexpr const char* names[] = {"in", "out", "inout", "scratch", "local"};
  return names[static_cast<std::size_t>(kind)];
}
const char* name(Hint hint) {
  constexpr const char* names[] = {"l1", "l2", "nta"};
  return names[static_cast<std::size_t>(hint)];
}

bool operator==(const For& a, const For& b) {
  return a.var == b.var && a.lo == b.lo && a.hi == b.hi && a.body == b.body;
}
bool operator==(const Unroll& a, const Unroll& b) {
  return a.var == b.var && a.lo == b.lo && a.hi == b.hi && a.body == b.body;
}
bool operator==(const If& a, const If& b) {
  return a.conditions == b.conditions && a.body == b.body;
}
bool operator==(const Assign& a, const Assign& b) {
  return a.dst == b.dst && a.op == b.op && a.operands == b.operands && a.lanes == b.lanes;
}
bool operator==(const Store& a, const Store& b) {
  return a.mem == b.mem && a.lanes == b.lanes && a.stream == b.stream && a.value == b.value;
}
bool operator==(const Prefetch& a, const Prefetch& b) { return a.mem == b.mem && a.hint == b.hint; }

std::int64_t stride(const View& view, std::size_t d) {
  std::int64_t s = 1;
  for (std::size_t i = d + 1; i < view.dims.size(); ++i) s *= view.dims[i].constant();
  return s;
}

Affine byte_offset(const Program& program, const Mem& mem) {
  const View& view = program.views[mem.view];
  Affine offset(view.byte_offset);
  std::int64_t scale = bytes(view.dtype);
  for (std::size_t d = mem.index.size(); d-- > 0;) {
    offset.add_scaled(mem.index[d], scale);
    if (d > 0) scale *= view.dims[d].constant();
  }
  return offset;
}

namespace {
std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return a > 0 ? (a - 1) / b + 1 : a / b; }

std::int64_t max_value(const Program& program, const Affine& form) {
  std::int64_t r = form.constant();
  for (const Term& t : form.terms())
    for (const Param& p : program.params)
      if (p.var == t.var) {
        if (p.derived()) {
          // ceil of an affine form of earlier params: its largest value
          const std::int64_t top = max_value(program, p.numerator);
          const std::int64_t hi = ceil_div(top, p.denominator);
          Affine low = p.numerator * -1;
          const std::int64_t bottom = -max_value(program, low);
          const std::int64_t lo = ceil_div(bottom, p.denominator);
          r += t.coeff * (t.coeff > 0 ? hi : lo);
        } else {
          r += t.coeff * (t.coeff > 0 ? p.hi : p.lo);
        }
      }
  return r;
}
}  // namespace

std::int64_t max_bytes(const Program& program, const Buffer& buffer) {
  std::int64_t n = bytes(buffer.dtype);
  for (const Affine& d : buffer.dims) n *= max_value(program, d);
  return n;
}
std::int64_t bytes_for(const Program& program, const Buffer& buffer, const std::int64_t* params) {
  std::int64_t n = bytes(buffer.dtype);
  for (const Affine& d : buffer.dims)
    n *= d.evaluate([&](VarId v) { return params[param_slot(program, v)]; });
  return n;
}

std::int64_t local_offset(const Program& program, BufferId buffer) {
  std::int64_t offset = 0;
  for (BufferId b = 0; b < buffer; ++b)
    if (program.buffers[b].kind == BufferKind::local)
      offset += align64(max_bytes(program, program.buffers[b]));
  return offset;
}
std::int64_t local_bytes(const Program& program) {
  return local_offset(program, static_cast<BufferId>(program.buffers.size()));
}

int buffer_slot(const Program& program, BufferId buffer) {
  int slot = 0;
  for (BufferId b = 0; b < buffer; ++b)
    if (program.buffers[b].kind != BufferKind::local) ++slot;
  return slot;
}
int param_slot(const Program& program, VarId v) {
  for (std::size_t i = 0; i < program.params.size(); ++i)
    if (program.params[i].var == v) return static_cast<int>(i);
  return -1;
}
void derive_params(const Program& program, std::int64_t* params) {
  const auto value = [&](VarId v) { return params[param_slot(program, v)]; };
  for (std::size_t i = 0; i < program.params.size(); ++i)
    if (const Param& p = program.params[i]; p.derived())
      params[i] = ceil_div(p.numerator.evaluate(value), p.denominator);
}
std::int64_t grid_points(const Program& program, const Kernel& kernel, const std::int64_t* params) {
  std::int64_t n = 1;
  for (const GridAxis& a : kernel.grid)
    n *= a.extent.evaluate([&](VarId v) { return params[param_slot(program, v)]; });
  return n;
}

}  // namespace tconv::ir

// The loop-nest IR: a register-explicit language that says everything that decides speed and
// nothing of what is computed. The grammar and the meaning of every part are in docs/ir.md; what an
// op does, to the bit, is in op_math.h.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "ir/affine.h"

namespace tconv::ir {

// Version of the language: part of every cache key and of `--json` machine blocks.
inline constexpr int kIrVersion = 1;

// ---- types ---------------------------------------------------------------------------------

// f32 f64 i32 f16 bf16x2 are register types, which also lie in memory as themselves; f16 registers
// are some targets' only. bf16, s8 and u8 exist in memory only: load, bcast and store convert (f16,
// bf16 <-> f32; s8, u8 -> i32).
enum class DType : std::uint8_t { f32, f64, i32, f16, bf16, bf16x2, s8, u8 };

const char* name(DType t);
bool parse_dtype(const std::string& text, DType& out);
constexpr int bytes(DType t) {
  switch (t) {
    case DType::f64:
      return 8;
    case DType::f32:
    case DType::i32:
    case DType::bf16x2:
      return 4;
    case DType::f16:
    case DType::bf16:
      return 2;
    case DType::s8:
    case DType::u8:
      return 1;
  }
  return 0;
}
constexpr bool is_register_type(DType t) {
  return t == DType::f32 || t == DType::f64 || t == DType::i32 || t == DType::f16 ||
         t == DType::bf16x2;
}
// What a register of type `reg` may be loaded from; `store` allows the same but s8 and u8.
constexpr bool converts(DType memory, DType reg) {
  if (memory == reg) return is_register_type(reg);
  if (reg == DType::f32) return memory == DType::f16 || memory == DType::bf16;
  if (reg == DType::i32) return memory == DType::s8 || memory == DType::u8;
  return false;
}

// ---- ops -----------------------------------------------------------------------------------

//  name, operands, meaning per lane. All operands have the type of the destination, but for dot2.
//  Bit operations work on the raw bits of the lane, whatever its type.
#define TCONV_IR_OPS(X)                                                              \
  X(mov, 1, "a")                                                                     \
  X(fma, 3, "a * b + c, rounded once; i32 wraps")                                    \
  X(add, 2, "a + b; i32 wraps")                                                      \
  X(sub, 2, "a - b; i32 wraps")                                                      \
  X(mul, 2, "a * b; i32 wraps")                                                      \
  X(div, 2, "a / b; floating types only")                                            \
  X(sqrt, 1, "square root of a; floating types only")                                \
  X(max, 2, "a > b ? a : b")                                                         \
  X(min, 2, "a < b ? a : b")                                                         \
  X(round, 1, "a to an integral value, ties to even; floating types only")           \
  X(perm, 2, "lane i = concat(a, b)[lanes[i]]")                                      \
  X(and_, 2, "bits of a and b")                                                      \
  X(or_, 2, "bits of a or b")                                                        \
  X(xor_, 2, "bits of a xor b")                                                      \
  X(shl, 2, "bits of a shifted left by the constant b")                              \
  X(shr, 2, "bits of a shifted right by the constant b, zeros in")                   \
  X(sra, 2, "bits of a shifted right by the constant b, sign in; 32-bit lanes only") \
  X(iadd, 2, "bits of a + b as integers of the lane's width, wrapping")              \
  X(isub, 2, "bits of a - b as integers of the lane's width, wrapping")              \
  X(lt, 2, "a < b ? all ones : 0")                                                   \
  X(sel, 3, "sign bit of a set ? b : c")                                             \
  X(dot2, 3, "f32 = bf16 pairs a, b: fma(hi, hi, fma...) as docs/ir.md says; a, b bf16x2")

enum class Op : std::uint8_t {
#define X(op, arity, text) op,
  TCONV_IR_OPS(X)
#undef X
};
inline constexpr int kOpCount = 0
#define X(op, arity, text) +1
    TCONV_IR_OPS(X)
#undef X
    ;

const char* name(Op op);  // as in the text form: and_ prints as "and"
int arity(Op op);
bool parse_op(const std::string& text, Op& out);
constexpr bool is_shift(Op op) { return op == Op::shl || op == Op::shr || op == Op::sra; }
// Works on raw bits: constants are written in hex, whatever the type.
constexpr bool is_bit_op(Op op) {
  return is_shift(op) || op == Op::and_ || op == Op::or_ || op == Op::xor_ || op == Op::iadd ||
         op == Op::isub;
}
// Half arithmetic is what sums need: everything else is computed in f32.
constexpr bool is_half_op(Op op) {
  return op == Op::mov || op == Op::fma || op == Op::add || op == Op::sub || op == Op::mul ||
         op == Op::max || op == Op::min || op == Op::perm;
}
// Type of operand i of an op whose destination has type `dst`.
constexpr DType operand_type(Op op, std::size_t i, DType dst) {
  return op == Op::dot2 && i < 2 ? DType::bf16x2 : dst;
}

// ---- memory --------------------------------------------------------------------------------

enum class BufferKind : std::uint8_t { in, out, inout, scratch, local };
const char* name(BufferKind kind);

// Dimensions are row-major; only the outermost may use params.
struct Buffer {
  std::string name;
  DType dtype = DType::f32;
  std::vector<Affine> dims;
  BufferKind kind = BufferKind::in;
  int align = 0;  // bytes the caller promises; 0 = element size. scratch and local always have 64
  bool operator==(const Buffer&) const = default;
};

using BufferId = std::uint32_t;
using ViewId = std::uint32_t;

// Every buffer is also a view of itself (identity) under the same name.
struct View {
  std::string name;
  BufferId buffer = 0;
  bool identity = false;
  std::int64_t byte_offset = 0;
  DType dtype = DType::f32;
  std::vector<Affine> dims;
  int line = 0;  // of the declaration, or of the buffer's; not part of equality
  bool operator==(const View& b) const {
    return name == b.name && buffer == b.buffer && identity == b.identity &&
           byte_offset == b.byte_offset && dtype == b.dtype && dims == b.dims;
  }
};

struct Mem {
  ViewId view = 0;
  std::vector<Affine> index;  // one form per dimension, in elements of the view
  bool operator==(const Mem&) const = default;
};

// Half-open range of register lanes; hi == 0 means all of them.
struct Lanes {
  int lo = 0, hi = 0;
  bool all() const { return hi == 0; }
  bool operator==(const Lanes&) const = default;
};

// ---- registers and operands ----------------------------------------------------------------

using RegId = std::uint32_t;  // index into Program::regs

struct RegInfo {
  std::string name;
  std::vector<int> dims;  // empty: a single register
  DType type = DType::f32;
  int count() const {
    int n = 1;
    for (int d : dims) n *= d;
    return n;
  }
  bool operator==(const RegInfo&) const = default;
};

struct RegRef {
  RegId reg = 0;
  std::vector<Affine> index;  // affine in unroll variables only
  bool operator==(const RegRef&) const = default;
};
struct Load {
  Mem mem;
  Lanes lanes;  // lanes that are off read as 0
  bool operator==(const Load&) const = default;
};
struct Bcast {
  Mem mem;
  bool operator==(const Bcast&) const = default;
};
// Raw bits of one lane of the destination's type (a shift count for shl, shr, sra).
struct Const {
  std::uint64_t bits = 0;
  bool operator==(const Const&) const = default;
};
using Operand = std::variant<RegRef, Load, Bcast, Const>;

// ---- statements ----------------------------------------------------------------------------

struct Stmt;
using Block = std::vector<Stmt>;

// Lower bounds are the maximum, upper bounds the minimum of the forms.
struct For {
  VarId var = 0;
  std::vector<Affine> lo, hi;
  Block body;
};
struct Unroll {
  VarId var = 0;
  std::int64_t lo = 0, hi = 0;
  Block body;
};
struct If {
  std::vector<Affine> conditions;  // all >= 0
  Block body;
};
struct Vec {
  RegId reg = 0;
};
struct Assign {
  RegRef dst;
  Op op = Op::mov;
  std::vector<Operand> operands;
  std::vector<int> lanes;  // perm only
};
struct Store {
  Mem mem;
  Lanes lanes;
  bool stream = false;
  RegRef value;
};
enum class Hint : std::uint8_t { l1, l2, nta };
const char* name(Hint hint);
struct Prefetch {
  Mem mem;  // need not be inside the buffer: a prefetch touches nothing
  Hint hint = Hint::l1;
};

struct Stmt {
  std::variant<For, Unroll, If, Vec, Assign, Store, Prefetch> node;
  int line = 0;  // in the text; 0 = made by a builder. Not part of equality
};

bool operator==(const For& a, const For& b);
bool operator==(const Unroll& a, const Unroll& b);
bool operator==(const If& a, const If& b);
inline bool operator==(const Vec& a, const Vec& b) { return a.reg == b.reg; }
bool operator==(const Assign& a, const Assign& b);
bool operator==(const Store& a, const Store& b);
bool operator==(const Prefetch& a, const Prefetch& b);
inline bool operator==(const Stmt& a, const Stmt& b) { return a.node == b.node; }

// ---- program -------------------------------------------------------------------------------

enum class VarKind : std::uint8_t { param, grid, loop, unroll };
struct VarInfo {
  std::string name;
  VarKind kind = VarKind::loop;
  bool operator==(const VarInfo&) const = default;
};

// A run-time size in lo..hi (inclusive), or ceil(numerator / denominator) of earlier params, which
// the caller computes and passes as well (den > 0 marks it).
struct Param {
  VarId var = 0;
  std::int64_t lo = 0, hi = 0;
  Affine numerator;
  std::int64_t denominator = 0;
  int line = 0;  // not part of equality
  bool derived() const { return denominator > 0; }
  bool operator==(const Param& b) const {
    return var == b.var && lo == b.lo && hi == b.hi && numerator == b.numerator &&
           denominator == b.denominator;
  }
};

struct GridAxis {
  VarId var = 0;
  Affine extent;
  bool operator==(const GridAxis&) const = default;
};

// A grid point is serial code; points are independent and may run in any order on any thread.
struct Kernel {
  std::string name;
  std::vector<GridAxis> grid;  // row-major: the last axis varies fastest
  Block body;
  int line = 0;
  bool operator==(const Kernel& b) const {
    return name == b.name && grid == b.grid && body == b.body;
  }
};

// A barrier between stages, none inside one: its kernels' grids are one pool of work.
struct Stage {
  std::vector<Kernel> kernels;
  bool operator==(const Stage&) const = default;
};

struct Program {
  std::string target;
  std::vector<VarInfo> vars;
  std::vector<Param> params;
  std::vector<Buffer> buffers;
  std::vector<View> views;
  std::vector<RegInfo> regs;
  std::vector<Stage> stages;
  bool operator==(const Program&) const = default;
};

// ABI of every backend and of AOT: the grid points begin..end of one kernel. `buffers` holds the
// non-local buffers in order of declaration, `params` all params, `local` local_bytes() bytes,
// 64-aligned.
using KernelFn = void (*)(void* const* buffers, const std::int64_t* params, std::int64_t begin,
                          std::int64_t end, void* local);

// ---- layout helpers: shared by verifier, interpreter and emitters --------------------------

// Elements between neighbours of dimension `d` of a view (product of the inner dimensions).
std::int64_t stride(const View& view, std::size_t d);
// Byte offset of `mem` from the start of its buffer.
Affine byte_offset(const Program& program, const Mem& mem);
// Bytes of a buffer with params at their largest.
std::int64_t max_bytes(const Program& program, const Buffer& buffer);
// Bytes of a buffer for these params.
std::int64_t bytes_for(const Program& program, const Buffer& buffer, const std::int64_t* params);
// Offset of a local buffer inside the worker's local block, and the size of that block.
std::int64_t local_offset(const Program& program, BufferId buffer);
std::int64_t local_bytes(const Program& program);
// Position among the non-local buffers: the index into the `buffers` argument.
int buffer_slot(const Program& program, BufferId buffer);
// Value of a param variable, or -1 if `v` is not a param.
int param_slot(const Program& program, VarId v);
// Computes the derived params: `params` has one value per param of the program, the given ones set.
void derive_params(const Program& program, std::int64_t* params);
// Grid points of a kernel for these params.
std::int64_t grid_points(const Program& program, const Kernel& kernel, const std::int64_t* params);

}  // namespace tconv::ir

// Builds programs in the order in which they read. Schedules use nothing else of ir/ to write code.
#pragma once

#include <bit>
#include <functional>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "ir/ir.h"
#include "ir/op_math.h"
#include "ir/target.h"

namespace tconv::ir {

// A declared vector register (array); r(), r(i), r(i, j) name one of them.
struct Reg {
  RegId id = 0;
  template <class... Index>
  RegRef operator()(const Index&... index) const {
    return RegRef{id, {Affine(index)...}};
  }
};

inline Operand load(Mem mem, Lanes lanes = {}) { return Load{std::move(mem), lanes}; }
inline Operand bcast(Mem mem) { return Bcast{std::move(mem)}; }
inline Operand f32(float value) { return Const{std::bit_cast<std::uint32_t>(value)}; }
inline Operand f64(double value) { return Const{std::bit_cast<std::uint64_t>(value)}; }
inline Operand f16(double value) { return Const{op_math::to_f16(value)}; }
inline Operand i32(std::int32_t value) { return Const{std::bit_cast<std::uint32_t>(value)}; }
inline Operand bits(std::uint64_t value) { return Const{value}; }
// `value` as a register's type has it.
inline Operand number(DType type, double value) {
  switch (type) {
    case DType::f64:
      return f64(value);
    case DType::f16:
      return f16(value);
    case DType::i32:
      return i32(static_cast<std::int32_t>(value));
    default:
      return f32(static_cast<float>(value));
  }
}

class Builder {
 public:
  using Body = std::function<void()>;
  using VarBody = std::function<void(const Affine&)>;
  using GridBody = std::function<void(std::span<const Affine>)>;
  struct Axis {
    std::string name;
    Affine extent;
  };

  explicit Builder(const Target& target) : target_(target) { program_.target = target.name; }
  // Goes on with a program: buffers and stages are added after its own.
  Builder(const Target& target, Program program) : target_(target), program_(std::move(program)) {}
  const Target& target() const { return target_; }
  int lanes(DType type = DType::f32) const { return target_.lanes(type); }

  // Params come first. `param_ceil` declares ceil(numerator / denominator).
  Affine param(const std::string& name, std::int64_t lo, std::int64_t hi);
  Affine param_ceil(const std::string& name, const Affine& numerator, std::int64_t denominator);
  ViewId buffer(const std::string& name, DType dtype, std::vector<Affine> dims, BufferKind kind,
                int align = 0);
  ViewId view(const std::string& name, ViewId of, std::int64_t byte_offset, DType dtype,
              std::vector<Affine> dims);

  void stage(const Body& kernels);
  // Axes of extent 1 are kept out of the grid: the body receives the constant 0 for them.
  void kernel(const std::string& name, const std::vector<Axis>& grid, const GridBody& body);

  // A loop that provably runs once is written without a loop, one that never runs is not written.
  void loop(const std::string& name, std::vector<Affine> lo, std::vector<Affine> hi,
            const VarBody& body);
  void loop(const std::string& name, const Affine& lo, const Affine& hi, const VarBody& body) {
    loop(name, std::vector<Affine>{lo}, std::vector<Affine>{hi}, body);
  }
  void unroll(const std::string& name, std::int64_t lo, std::int64_t hi, const VarBody& body);
  // Conditions that are constant and true are dropped; a false one drops the body.
  void when(const std::vector<Affine>& conditions, const Body& body);
  // A block of its own, so that registers declared in it end with it.
  void scope(const Body& body) {
    unroll("once", 0, 1, [&](const Affine&) { body(); });
  }

  Reg vec(const std::string& name, std::vector<int> dims = {}, DType type = DType::f32);
  void assign(Op op, RegRef dst, std::vector<Operand> operands, std::vector<int> lanes = {});
  void mov(RegRef d, Operand a) { assign(Op::mov, std::move(d), {std::move(a)}); }
  void fma(RegRef d, Operand a, Operand b, Operand c) {
    assign(Op::fma, std::move(d), {std::move(a), std::move(b), std::move(c)});
  }
  void op(Op o, RegRef d, Operand a, Operand b) {
    assign(o, std::move(d), {std::move(a), std::move(b)});
  }
  void perm(RegRef d, Operand a, Operand b, std::vector<int> lanes) {
    assign(Op::perm, std::move(d), {std::move(a), std::move(b)}, std::move(lanes));
  }
  void store(Mem mem, RegRef value, Lanes lanes = {}, bool stream = false);
  void prefetch(Mem mem, Hint hint);

  const Program& program() const { return program_; }
  Program take() { return std::move(program_); }

 private:
  VarId declare(const std::string& name, VarKind kind);
  Block collect(const Body& body);
  void emit(Stmt stmt) { block_->push_back(std::move(stmt)); }
  std::string unique(std::map<std::string, int>& names, const std::string& name);

  Target target_;
  Program program_;
  Block* block_ = nullptr;
  std::map<std::string, int> var_names_, reg_names_;  // how often each name was used in this kernel
};

}  // namespace tconv::ir

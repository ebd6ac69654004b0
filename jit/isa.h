// What an instruction set must be able to say: one vector operation at a time. The walk over the
// program (emit_xbyak.cpp) is the same for all; here is no loop, no address and no allocation.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "ir/ir.h"
#include "jit/assembler.h"
#include "jit/backend.h"

namespace tconv::jit {

// An operand with its place resolved.
struct Arg {
  enum class Kind : std::uint8_t { reg, load, bcast, constant };
  Kind kind = Kind::reg;
  ir::DType memory = ir::DType::f32;  // load, bcast: type in memory
  ir::Lanes lanes;                    // load: lanes that are on
  int reg = 0;
  std::uint64_t bits = 0;  // constant: one lane
  Xbyak::RegExp at;        // load: address of lane 0; bcast: of the element
};

// Bit i = lane i is on; there are at most 32.
inline std::uint32_t mask_bits(const ir::Lanes& lanes) {
  return static_cast<std::uint32_t>((std::uint64_t{1} << lanes.hi) -
                                    (std::uint64_t{1} << lanes.lo));
}

// Vector registers are numbers. `type` is always the register's type, `temp` the first of the
// registers that the operation may destroy (as many as ir::temporaries says). A destination may be
// any source.
class Isa {
 public:
  virtual ~Isa() = default;

  // The mask_bits that the kernel will use, once, at its entry.
  virtual void preload_masks(std::span<const std::uint32_t> masks) = 0;

  void mov(ir::DType type, int dst, const Arg& a);
  // At most the operand that ir::folded_operand names is not a register (a shift's count is a
  // constant).
  void op(ir::Op op, ir::DType type, int dst, const Arg* args, int temp);
  // lane i = concat(a, b)[lanes[i]]
  virtual void perm(ir::DType type, int dst, int a, int b, std::span<const int> lanes,
                    int temp) = 0;
  // `to` is a load-like place.
  virtual void store(ir::DType type, const Arg& to, bool stream, int src, int temp) = 0;

 protected:
  Isa(Assembler& as, int vector_bytes, int registers)
      : as_(as), vector_bytes_(vector_bytes), registers_(registers) {}

  // The full register `n`, and its lower half and quarter (at least 16 bytes).
  Xbyak::Ymm full(int n) const;
  Xbyak::Ymm half(int n) const;
  Xbyak::Xmm low(int n) const { return Xbyak::Xmm(check(n)); }
  int lanes(ir::DType type) const { return vector_bytes_ / ir::bytes(type); }
  bool partial(const Arg& a, ir::DType type) const {
    return !a.lanes.all() && (a.lanes.lo != 0 || a.lanes.hi != lanes(type));
  }
  void zero(int n);

  // All lanes of a register of `type`; `dst` may carry a zeroing mask.
  void load_converting(ir::DType type, ir::DType memory, const Xbyak::Ymm& dst,
                       const Xbyak::Address& from);
  virtual void load_partial(ir::DType type, int dst, const Arg& a) = 0;
  virtual Xbyak::Address constant_operand(ir::DType type, std::uint64_t bits) = 0;
  virtual void compare_less(ir::DType type, int dst, int a, const Xbyak::Operand& b) = 0;
  virtual void compare_greater_i32(int dst, int a, const Xbyak::Operand& b) = 0;
  virtual void round(ir::DType type, int dst, const Xbyak::Operand& a) = 0;
  virtual void select(ir::DType type, int dst, int sign, int set, int clear) = 0;
  // Of f16 registers, where there are any.
  virtual void half_op(ir::Op op, int dst, int a, const Xbyak::Operand& b);
  virtual void half_multiply_add(int form, int dst, int second, const Xbyak::Operand& third);
  virtual void dot2(int dst, int a, const Xbyak::Operand& b, int c) = 0;

  Assembler& as_;

 private:
  int check(int n) const;
  void load(ir::DType type, int dst, const Arg& a);
  void broadcast(ir::DType type, int dst, const Arg& a);
  void constant(ir::DType type, int dst, std::uint64_t bits);
  void fma(ir::DType type, int dst, const Arg* args, int temp);
  void multiply_add(ir::DType type, int form, int dst, int second, const Xbyak::Operand& third);
  void arithmetic(ir::Op op, ir::DType type, const Xbyak::Ymm& dst, const Xbyak::Ymm& a,
                  const Xbyak::Operand& b);
  void shift(ir::Op op, ir::DType type, const Xbyak::Ymm& dst, const Xbyak::Ymm& a,
             std::uint64_t count);
  template <class Use>  // Use: const Xbyak::Operand& -> void
  void with_operand(ir::DType type, const Arg& a, Use&& use);

  int vector_bytes_, registers_;
};

std::unique_ptr<Isa> make_avx512(Assembler& as, Extensions extensions);
std::unique_ptr<Isa> make_avx2(Assembler& as);

}  // namespace tconv::jit

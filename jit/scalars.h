// Where the integer variables of a kernel live, and affine forms of them in general registers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ir/ir.h"
#include "jit/assembler.h"

namespace tconv::jit {

// The general registers. rax, rcx and rdx are scratch, rbp is the frame; pointers take the pool
// from the front, up to kPointerRegisters of them, loop counters what is left.
inline constexpr int kPool[] = {3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
inline constexpr int kPoolSize = 11;
inline constexpr int kPointerRegisters = 8;
inline constexpr int kSavedRegisters = 5;  // rbx, r12..r15, below the saved rbp

// As a signed immediate of an instruction.
inline bool fits32(std::int64_t v) { return v == std::int64_t(std::int32_t(v)); }

// A place of 8 bytes: a register or a slot of the frame.
struct Home {
  enum class Kind : std::uint8_t { none, constant, reg, slot };
  Kind kind = Kind::none;
  int index = 0;           // of the register or the slot
  std::int64_t value = 0;  // constant
};

class Scalars {
 public:
  Scalars(Assembler& as, std::size_t vars) : as_(as), homes_(vars), ranges_(vars) {}

  Home& operator[](ir::VarId v) { return homes_[v]; }
  const Home& operator[](ir::VarId v) const { return homes_[v]; }
  bool constant(ir::VarId v) const { return homes_[v].kind == Home::Kind::constant; }

  Xbyak::Address slot(int index) const;
  void store(const Home& home, const Xbyak::Reg64& from);
  void store(const Home& home, std::int64_t value);

  // The form's value if all its variables are constants here.
  std::optional<std::int64_t> known(const ir::Affine& form) const;
  std::optional<std::int64_t> known_max(const std::vector<ir::Affine>& forms) const;
  std::optional<std::int64_t> known_min(const std::vector<ir::Affine>& forms) const;

  // What values a variable without a constant can have, until it is said anew: from the largest of
  // the smallest values of `lo` to below the smallest of the largest ones of `hi`.
  void set_range(ir::VarId v, const std::vector<ir::Affine>& lo, const std::vector<ir::Affine>& hi);
  // Whether the form is 0 or more: always, never, or, without an answer, that depends.
  std::optional<bool> holds(const ir::Affine& form) const;

  // to = form; destroys rcx.
  void evaluate(const Xbyak::Reg64& to, const ir::Affine& form);
  // rax = maximum (minimum) of the forms; destroys rcx and rdx.
  void evaluate_max(const std::vector<ir::Affine>& forms) { evaluate_best(forms, true); }
  void evaluate_min(const std::vector<ir::Affine>& forms) { evaluate_best(forms, false); }
  // Jumps to `away` if form < 0; destroys rax and rcx.
  void jump_if_negative(const ir::Affine& form, Xbyak::Label& away);
  // to += variable * coeff; destroys rcx.
  void add_scaled(const Xbyak::Reg64& to, ir::VarId v, std::int64_t coeff);

 private:
  struct Range {
    std::int64_t lo = -kFar, hi = kFar;
  };
  static constexpr std::int64_t kFar = std::int64_t{1} << 60;  // nothing is known beyond it
  Range range(const ir::Affine& form) const;
  void evaluate_best(const std::vector<ir::Affine>& forms, bool maximum);
  template <class Use>  // Use: const Xbyak::Operand& -> void
  void with(ir::VarId v, Use&& use) const;

  Assembler& as_;
  std::vector<Home> homes_;
  std::vector<Range> ranges_;
};

}  // namespace tconv::jit

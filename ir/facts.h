// What is known of the integer variables in scope: an interval for each, and linear constraints.
// Grows and shrinks with the scopes of a program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "ir/affine.h"
#include "ir/feasible.h"

namespace tconv::ir {

__extension__ typedef __int128 Wide;

// No number of a verified program is larger: the span of a 64-bit machine's user addresses. Sums of
// products of two such numbers are exact in Wide.
inline constexpr std::int64_t kMaxNumber = std::int64_t{1} << 47;

struct Interval {
  std::int64_t lo = 0, hi = 0;  // both inclusive; lo > hi: the code is never reached
};

class Facts {
 public:
  explicit Facts(std::size_t variables) : intervals_(variables), slots_(variables, -1) {}

  void declare(VarId v, Interval interval);
  bool in_scope(VarId v) const { return v < slots_.size() && slots_[v] >= 0; }
  const std::vector<VarId>& scope() const { return scope_; }  // outermost first
  std::size_t slot(VarId v) const { return static_cast<std::size_t>(slots_[v]); }
  const Interval& interval(VarId v) const { return intervals_[v]; }  // with what was assumed
  const Interval& declared(std::size_t slot) const { return declared_[slot]; }

  // Forgets everything that was declared or assumed since mark().
  struct Mark {
    std::size_t scope = 0, rows = 0, terms = 0, narrowed = 0;
  };
  Mark mark() const { return {scope_.size(), rows_.size(), terms_.size(), narrowed_.size()}; }
  void leave(const Mark& mark);

  void assume(const Affine& form);  // form >= 0
  // Values of the form over the intervals; false if they leave +-kMaxNumber.
  bool range(const Affine& form, Interval& out) const;
  // sign * form + offset >= 0 for all values of the variables: by intervals, then by elimination.
  bool proves(const Affine& form, int sign, std::int64_t offset);

 private:
  struct Row {
    std::size_t begin = 0, end = 0;  // in terms_
    std::int64_t constant = 0;
  };
  struct Narrowed {
    VarId var = 0;
    Interval before;
  };
  void narrow(const Affine& form);
  bool eliminates(const Affine& form, int sign, std::int64_t offset, bool everything);
  std::size_t collect(const Affine& form, bool everything);

  std::vector<Interval> intervals_;  // by variable
  std::vector<int> slots_;           // by variable: position in scope_, -1 outside its scope
  std::vector<VarId> scope_;
  std::vector<Interval> declared_;  // by slot
  std::vector<Row> rows_;
  std::vector<Term> terms_;
  std::vector<Narrowed> narrowed_;

  Feasibility feasibility_;
  std::vector<std::size_t> column_;  // by slot, for one claim; kept for its memory
};

}  // namespace tconv::ir

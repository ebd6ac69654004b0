// Whether linear constraints over integers contradict each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tconv::ir {

// Fourier-Motzkin elimination over the rationals; rows are tightened by the divisor of their
// coefficients, which integers allow. Sound but not complete: "no" can mean "not found". Arithmetic
// that would overflow drops the row, which only weakens the answer. Reuse one object: it keeps its
// memory.
class Feasibility {
 public:
  void start(std::size_t variables);
  // A new row of zeros to fill: the coefficients, then the constant; their sum is >= 0.
  std::int64_t* row();
  bool contradictory();  // uses up the rows

 private:
  enum class Kept { yes, no, contradiction };
  Kept tighten(std::int64_t* r) const;
  bool keep(
      std::vector<std::int64_t>& rows);  // tighten the last row, drop it if it says nothing new
  bool eliminate(std::size_t variable);
  std::size_t cheapest() const;

  std::size_t variables_ = 0, stride_ = 1;
  std::vector<std::int64_t> rows_, next_;
};

}  // namespace tconv::ir

// An L x L transpose in registers, L = lanes of the target.
#pragma once

#include <functional>
#include <optional>

#include "ir/builder.h"

namespace tconv::planner {

// Whether the target has the registers: the L rows, one more, and the lane numbers of a perm.
inline bool can_transpose(const ir::Target& target, ir::DType type) {
  return target.lanes(type) + 2 <= target.registers;
}

// rows is an array of L registers; afterwards lane l of register r is what lane r of register l
// was. Needs one register beside them (and the temporaries of `perm`).
void emit_transpose(ir::Builder& b, const ir::Reg& rows, ir::DType type);

// Transposed blocks whose vectors go on through post-ops. Where those need more registers than the
// L vectors leave, the vectors wait in local memory, and the post-ops take one at a time.
class TransposedVectors {
 public:
  // `registers` that are needed beside a vector. Declares the local memory, if there must be one.
  TransposedVectors(ir::Builder& b, ir::DType type, int registers);
  static bool wait(const ir::Target& target, ir::DType type, int registers) {
    return target.lanes(type) + registers > target.registers;
  }

  // `fill` writes the L rows; `finish` sees the first `count` vectors of the transposed block.
  void block(const std::function<void(const ir::Reg& rows)>& fill, int count,
             const std::function<void(const ir::RegRef&, const ir::Affine& i)>& finish) const;

 private:
  ir::Builder& b_;
  ir::DType type_;
  std::optional<ir::ViewId> waiting_;
};

}  // namespace tconv::planner

// Integer variables and affine forms of them as values of LLVM.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "ir/affine.h"
#include "jit/llvm/vector_ops.h"

namespace tconv::jit::llvm_part {

class Integers {
 public:
  Integers(Builder& b, std::size_t vars) : b_(b), values_(vars, nullptr) {}

  void set(ir::VarId v, llvm::Value* value) { values_[v] = value; }
  llvm::Value* get(ir::VarId v) const { return values_[v]; }
  llvm::Value* number(std::int64_t n) const { return b_.getInt64(static_cast<std::uint64_t>(n)); }

  static std::optional<std::int64_t> known(const llvm::Value* value);
  std::optional<std::int64_t> known(const ir::Affine& form) const;

  llvm::Value* times(llvm::Value* value, std::int64_t factor);
  llvm::Value* scaled(ir::VarId v, std::int64_t factor) { return times(values_[v], factor); }
  llvm::Value* evaluate(const ir::Affine& form);
  llvm::Value* most(const std::vector<ir::Affine>& forms) { return best(forms, true); }
  llvm::Value* least(const std::vector<ir::Affine>& forms) { return best(forms, false); }

 private:
  llvm::Value* best(const std::vector<ir::Affine>& forms, bool maximum);

  Builder& b_;
  std::vector<llvm::Value*> values_;  // by VarId
};

}  // namespace tconv::jit::llvm_part

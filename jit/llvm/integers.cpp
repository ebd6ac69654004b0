#include "jit/llvm/integers.h"

namespace tconv::jit::llvm_part {

using llvm::Value;

std::optional<std::int64_t> Integers::known(const Value* value) {
  const auto* n = llvm::dyn_cast<llvm::ConstantInt>(value);
  return n == nullptr ? std::nullopt : std::optional(n->getSExtValue());
}

std::optional<std::int64_t> Integers::known(const ir::Affine& form) const {
  std::int64_t sum = form.constant();
  for (const ir::Term& t : form.terms()) {
    const auto n = known(values_[t.var]);
    if (!n) return std::nullopt;
    sum += t.coeff * *n;
  }
  return sum;
}

// The verifier proved that nothing overflows.
Value* Integers::times(Value* value, std::int64_t factor) {
  return factor == 1 ? value : b_.CreateNSWMul(value, number(factor));
}

Value* Integers::evaluate(const ir::Affine& form) {
  if (const auto n = known(form)) return number(*n);
  std::int64_t constant = form.constant();
  Value* sum = nullptr;
  for (const ir::Term& t : form.terms()) {
    if (const auto n = known(values_[t.var])) {
      constant += t.coeff * *n;
      continue;
    }
    Value* term = scaled(t.var, t.coeff);
    sum = sum == nullptr ? term : b_.CreateNSWAdd(sum, term);
  }
  return constant == 0 ? sum : b_.CreateNSWAdd(sum, number(constant));
}

Value* Integers::best(const std::vector<ir::Affine>& forms, bool maximum) {
  Value* best = evaluate(forms.front());
  for (std::size_t i = 1; i < forms.size(); ++i) {
    Value* next = evaluate(forms[i]);
    const auto a = known(best), b = known(next);
    if (a && b) {
      best = number(maximum ? std::max(*a, *b) : std::min(*a, *b));
    } else {
      best = b_.CreateBinaryIntrinsic(maximum ? llvm::Intrinsic::smax : llvm::Intrinsic::smin, best,
                                      next);
    }
  }
  return best;
}

}  // namespace tconv::jit::llvm_part

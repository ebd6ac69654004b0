#include "jit/llvm/vector_ops.h"

#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <numeric>
#include <string>

namespace tconv::jit::llvm_part {

using ir::DType;
using ir::Op;
using llvm::FixedVectorType;
using llvm::Value;

namespace {

bool floating(DType t) { return t == DType::f32 || t == DType::f64; }

}  // namespace

FixedVectorType* VectorOps::vector(DType reg) const {
  llvm::Type* lane = reg == DType::f32   ? b_.getFloatTy()
                     : reg == DType::f64 ? b_.getDoubleTy()
                                         : static_cast<llvm::Type*>(b_.getInt32Ty());
  return FixedVectorType::get(lane, static_cast<unsigned>(target_.lanes(reg)));
}

FixedVectorType* VectorOps::bits_type(DType reg) const {
  return FixedVectorType::get(b_.getIntNTy(static_cast<unsigned>(8 * ir::bytes(reg))),
                              static_cast<unsigned>(target_.lanes(reg)));
}

Value* VectorOps::as_bits(Value* v, DType reg) { return b_.CreateBitCast(v, bits_type(reg)); }

Value* VectorOps::constant(DType reg, std::uint64_t bits) const {
  const unsigned width = static_cast<unsigned>(8 * ir::bytes(reg));
  llvm::Constant* lane =
      llvm::ConstantInt::get(b_.getContext(), llvm::APInt(64, bits).trunc(width));
  lane = llvm::ConstantExpr::getBitCast(lane, vector(reg)->getElementType());
  return llvm::ConstantVector::getSplat(
      llvm::ElementCount::getFixed(static_cast<unsigned>(target_.lanes(reg))), lane);
}

Value* VectorOps::splat(std::uint32_t word) const { return constant(DType::i32, word); }

Value* VectorOps::perm(Value* a, Value* b, std::span<const int> lanes) {
  return b_.CreateShuffleVector(a, b, llvm::ArrayRef<int>(lanes.data(), lanes.size()));
}

Value* VectorOps::shift(Op op, DType type, Value* x, std::uint64_t count) {
  const auto width = static_cast<std::uint64_t>(8 * ir::bytes(type));
  Value* v = as_bits(x, type);
  if (op == Op::sra) {
    v = b_.CreateAShr(v, std::min(count, width - 1));
  } else if (count >= width) {  // everything is shifted out; LLVM calls that poison
    v = llvm::Constant::getNullValue(v->getType());
  } else {
    v = op == Op::shl ? b_.CreateShl(v, count) : b_.CreateLShr(v, count);
  }
  return b_.CreateBitCast(v, vector(type));
}

Value* VectorOps::op(Op op, DType type, const std::array<Value*, 3>& x) {
  const bool f = floating(type);
  const auto bitwise = [&](llvm::Instruction::BinaryOps code) {
    return b_.CreateBitCast(b_.CreateBinOp(code, as_bits(x[0], type), as_bits(x[1], type)),
                            vector(type));
  };
  switch (op) {
    case Op::mov:
      return x[0];
    case Op::fma:
      if (!f) return b_.CreateAdd(b_.CreateMul(x[0], x[1]), x[2]);
      if (!ability_.fma) throw CompileError("target " + target_.name + " has no fma");
      return b_.CreateIntrinsic(llvm::Intrinsic::fma, {x[0]->getType()}, {x[0], x[1], x[2]});
    case Op::add:
      return f ? b_.CreateFAdd(x[0], x[1]) : b_.CreateAdd(x[0], x[1]);
    case Op::sub:
      return f ? b_.CreateFSub(x[0], x[1]) : b_.CreateSub(x[0], x[1]);
    case Op::mul:
      return f ? b_.CreateFMul(x[0], x[1]) : b_.CreateMul(x[0], x[1]);
    case Op::div:
      return b_.CreateFDiv(x[0], x[1]);
    case Op::sqrt:
      return b_.CreateUnaryIntrinsic(llvm::Intrinsic::sqrt, x[0]);
    case Op::max:
      return b_.CreateSelect(f ? b_.CreateFCmpOGT(x[0], x[1]) : b_.CreateICmpSGT(x[0], x[1]), x[0],
                             x[1]);
    case Op::min:
      return b_.CreateSelect(f ? b_.CreateFCmpOLT(x[0], x[1]) : b_.CreateICmpSLT(x[0], x[1]), x[0],
                             x[1]);
    case Op::round:
      return round(type, x[0]);
    case Op::and_:
      return bitwise(llvm::Instruction::And);
    case Op::or_:
      return bitwise(llvm::Instruction::Or);
    case Op::xor_:
      return bitwise(llvm::Instruction::Xor);
    case Op::iadd:
      return bitwise(llvm::Instruction::Add);
    case Op::isub:
      return bitwise(llvm::Instruction::Sub);
    case Op::lt: {
      Value* less = f ? b_.CreateFCmpOLT(x[0], x[1]) : b_.CreateICmpSLT(x[0], x[1]);
      return b_.CreateBitCast(b_.CreateSExt(less, bits_type(type)), vector(type));
    }
    case Op::sel: {
      Value* sign =
          b_.CreateICmpSLT(as_bits(x[0], type), llvm::Constant::getNullValue(bits_type(type)));
      return b_.CreateSelect(sign, x[1], x[2]);
    }
    case Op::dot2: {
      if (!ability_.bf16)
        throw CompileError("dot2 needs AVX512_BF16, which is not there on target " + target_.name);
      auto* pairs = FixedVectorType::get(b_.getBFloatTy(), 32);
      return b_.CreateIntrinsic(
          llvm::Intrinsic::x86_avx512bf16_dpbf16ps_512, {},
          {x[2], b_.CreateBitCast(x[0], pairs), b_.CreateBitCast(x[1], pairs)});
    }
    default:
      throw CompileError(std::string("LLVM: op ") + ir::name(op) + " is not one of lanes");
  }
}

// As op_math.h: without the instruction, adding and subtracting 2^(digits-1) rounds.
Value* VectorOps::round(DType type, Value* v) {
  if (ability_.round) return b_.CreateUnaryIntrinsic(llvm::Intrinsic::roundeven, v);
  const bool f32 = type == DType::f32;
  Value* sign = llvm::ConstantInt::get(bits_type(type),
                                       f32 ? std::uint64_t{1} << 31 : std::uint64_t{1} << 63);
  Value* limit = llvm::ConstantFP::get(vector(type), f32 ? 0x1p23 : 0x1p52);
  Value* bits = as_bits(v, type);
  Value* magnitude = b_.CreateBitCast(b_.CreateAnd(bits, b_.CreateNot(sign)), vector(type));
  Value* rounded = b_.CreateFSub(b_.CreateFAdd(magnitude, limit), limit);
  rounded = b_.CreateOr(as_bits(rounded, type), b_.CreateAnd(bits, sign));
  return b_.CreateSelect(b_.CreateFCmpOLT(magnitude, limit),
                         b_.CreateBitCast(rounded, vector(type)), v);
}

}  // namespace tconv::jit::llvm_part

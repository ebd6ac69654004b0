// Loads, stores and the conversions that happen in them.
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include <algorithm>
#include <vector>

#include "jit/llvm/vector_ops.h"

namespace tconv::jit::llvm_part {

using ir::DType;
using llvm::Align;
using llvm::FixedVectorType;
using llvm::Value;

namespace {

Value* behind(Builder& b, Value* at, int bytes) {
  return bytes == 0 ? at : b.CreateConstGEP1_64(b.getInt8Ty(), at, static_cast<unsigned>(bytes));
}

}  // namespace

// f16 and bf16 travel as their bits.
llvm::Type* VectorOps::element(DType memory) const {
  switch (memory) {
    case DType::f32:
      return b_.getFloatTy();
    case DType::f64:
      return b_.getDoubleTy();
    default:
      return b_.getIntNTy(static_cast<unsigned>(8 * ir::bytes(memory)));
  }
}

FixedVectorType* VectorOps::in_memory(DType reg, DType memory) const {
  return FixedVectorType::get(element(memory), static_cast<unsigned>(target_.lanes(reg)));
}

bool VectorOps::some(ir::Lanes lanes, DType reg) const {
  return !lanes.all() && (lanes.lo != 0 || lanes.hi != target_.lanes(reg));
}

Value* VectorOps::mask(ir::Lanes lanes, DType reg) const {
  std::vector<llvm::Constant*> on;
  for (int i = 0; i < target_.lanes(reg); ++i)
    on.push_back(b_.getInt1(i >= lanes.lo && i < lanes.hi));
  return llvm::ConstantVector::get(on);
}

// No tensor need be aligned, so nothing claims more than a byte.
Value* VectorOps::load(DType reg, DType memory, Value* at, ir::Lanes lanes) {
  FixedVectorType* type = in_memory(reg, memory);
  Value* v = nullptr;
  if (!some(lanes, reg)) {
    v = b_.CreateAlignedLoad(type, at, Align(1));
  } else if (ability_.mask_bytes || (ability_.mask_words && ir::bytes(memory) >= 4)) {
    v = b_.CreateMaskedLoad(type, at, Align(1), mask(lanes, reg),
                            llvm::Constant::getNullValue(type));
  } else {
    v = load_pieces(type, at, lanes);
  }
  return widen(reg, memory, v);
}

Value* VectorOps::bcast(DType reg, DType memory, Value* at) {
  Value* lane = b_.CreateAlignedLoad(element(memory), at, Align(1));
  return widen(reg, memory, b_.CreateVectorSplat(static_cast<unsigned>(target_.lanes(reg)), lane));
}

void VectorOps::store(DType reg, DType memory, Value* at, ir::Lanes lanes, bool stream,
                      Value* value) {
  Value* v = narrow(memory, value);
  if (some(lanes, reg)) {
    // AVX2's masked store takes some twenty operations on AMD.
    if (ability_.mask_bytes) {
      b_.CreateMaskedStore(v, at, Align(1), mask(lanes, reg));
    } else {
      store_pieces(v, at, lanes);
    }
    return;
  }
  llvm::StoreInst* store = b_.CreateAlignedStore(v, at, Align(1));
  if (!stream) return;
  auto* type = llvm::cast<FixedVectorType>(v->getType());
  store->setAlignment(Align(type->getPrimitiveSizeInBits() / 8));
  store->setMetadata(
      llvm::LLVMContext::MD_nontemporal,
      llvm::MDNode::get(b_.getContext(), llvm::ConstantAsMetadata::get(b_.getInt32(1))));
}

namespace {

// The largest aligned piece that starts at lane `at` and ends by `hi`, at most 16 bytes.
int piece(int at, int hi, int bytes) {
  int lanes = 16 / bytes;
  while (at % lanes != 0 || at + lanes > hi) lanes /= 2;
  return lanes;
}

}  // namespace

// No byte of a lane that is off is touched; such lanes are 0.
Value* VectorOps::load_pieces(FixedVectorType* type, Value* at, ir::Lanes lanes) {
  const int bytes = static_cast<int>(type->getScalarSizeInBits() / 8);
  const int all = static_cast<int>(type->getNumElements());
  Value* v = llvm::Constant::getNullValue(type);
  for (int lane = lanes.lo, n = 0; lane < lanes.hi; lane += n) {
    n = piece(lane, lanes.hi, bytes);
    Value* from = behind(b_, at, lane * bytes);
    if (n * bytes == 16) {
      auto* part = FixedVectorType::get(type->getElementType(), static_cast<unsigned>(n));
      v = b_.CreateInsertVector(type, v, b_.CreateAlignedLoad(part, from, Align(1)),
                                b_.getInt64(static_cast<std::uint64_t>(lane)));
      continue;
    }
    llvm::Type* whole =
        n == 1 ? type->getElementType() : b_.getIntNTy(static_cast<unsigned>(8 * n * bytes));
    auto* as_wholes = FixedVectorType::get(whole, static_cast<unsigned>(all / n));
    v = b_.CreateInsertElement(b_.CreateBitCast(v, as_wholes),
                               b_.CreateAlignedLoad(whole, from, Align(1)),
                               static_cast<std::uint64_t>(lane / n));
    v = b_.CreateBitCast(v, type);
  }
  return v;
}

void VectorOps::store_pieces(Value* value, Value* at, ir::Lanes lanes) {
  auto* type = llvm::cast<FixedVectorType>(value->getType());
  const int bytes = static_cast<int>(type->getScalarSizeInBits() / 8);
  const int all = static_cast<int>(type->getNumElements());
  for (int lane = lanes.lo, n = 0; lane < lanes.hi; lane += n) {
    n = piece(lane, lanes.hi, bytes);
    Value* part = nullptr;
    if (n * bytes == 16) {
      part = b_.CreateExtractVector(
          FixedVectorType::get(type->getElementType(), static_cast<unsigned>(n)), value,
          b_.getInt64(static_cast<std::uint64_t>(lane)));
    } else {
      llvm::Type* whole =
          n == 1 ? type->getElementType() : b_.getIntNTy(static_cast<unsigned>(8 * n * bytes));
      auto* as_wholes = FixedVectorType::get(whole, static_cast<unsigned>(all / n));
      part = b_.CreateExtractElement(b_.CreateBitCast(value, as_wholes),
                                     static_cast<std::uint64_t>(lane / n));
    }
    b_.CreateAlignedStore(part, behind(b_, at, lane * bytes), Align(1));
  }
}

Value* VectorOps::widen(DType reg, DType memory, Value* v) {
  switch (memory) {
    case DType::f16:
      return half_to_float(v);
    case DType::bf16:
      return b_.CreateBitCast(b_.CreateShl(b_.CreateZExt(v, bits_type(reg)), 16), vector(reg));
    case DType::s8:
      return b_.CreateSExt(v, vector(reg));
    case DType::u8:
      return b_.CreateZExt(v, vector(reg));
    default:
      return v;
  }
}

Value* VectorOps::narrow(DType memory, Value* v) {
  if (memory == DType::f16) return float_to_half(v);
  if (memory == DType::bf16) return float_to_bf16(v);
  return v;
}

Value* VectorOps::half_to_float(Value* words) {
  const auto lanes = llvm::cast<FixedVectorType>(words->getType())->getNumElements();
  if (ability_.half)
    return b_.CreateFPExt(b_.CreateBitCast(words, FixedVectorType::get(b_.getHalfTy(), lanes)),
                          vector(DType::f32));
  // Exponent and mantissa in place and multiplied by 2^112: exact, denormals included.
  auto* floats = vector(DType::f32);
  Value* wide = b_.CreateZExt(words, bits_type(DType::f32));
  Value* magnitude = b_.CreateShl(b_.CreateAnd(wide, splat(0x7fff)), 13);
  Value* scaled =
      b_.CreateFMul(b_.CreateBitCast(magnitude, floats), llvm::ConstantFP::get(floats, 0x1p112));
  Value* special = b_.CreateICmpSGE(magnitude, splat(0x7c00 << 13));
  Value* quiet = b_.CreateSelect(b_.CreateICmpSGT(magnitude, splat(0x7c00 << 13)),
                                 splat(0x7fc00000), splat(0x7f800000));
  Value* bits = b_.CreateSelect(special, quiet, as_bits(scaled, DType::f32));
  Value* sign = b_.CreateShl(b_.CreateAnd(wide, splat(0x8000)), 16);
  return b_.CreateBitCast(b_.CreateOr(bits, sign), floats);
}

Value* VectorOps::float_to_half(Value* v) {
  const auto lanes = static_cast<unsigned>(target_.lanes(DType::f32));
  auto* words = FixedVectorType::get(b_.getInt16Ty(), lanes);
  if (ability_.half)
    return b_.CreateBitCast(b_.CreateFPTrunc(v, FixedVectorType::get(b_.getHalfTy(), lanes)),
                            words);
  auto* floats = vector(DType::f32);
  Value* bits = as_bits(v, DType::f32);
  Value* magnitude = b_.CreateAnd(bits, splat(0x7fffffff));
  // Normal results: round the mantissa's 13 lowest bits away, to even, and take the exponent down.
  Value* odd = b_.CreateAnd(b_.CreateLShr(magnitude, 13), splat(1));
  Value* normal = b_.CreateAdd(b_.CreateSub(magnitude, splat(0x38000000)), splat(0xfff));
  normal = b_.CreateLShr(b_.CreateAdd(normal, odd), 13);
  // Denormal ones: adding 0.5 shifts the mantissa to where they have it and rounds it.
  Value* half = llvm::ConstantFP::get(floats, 0.5);
  Value* shifted = b_.CreateFAdd(b_.CreateBitCast(magnitude, floats), half);
  Value* denormal = b_.CreateSub(as_bits(shifted, DType::f32), splat(0x3f000000));
  Value* h = b_.CreateSelect(b_.CreateICmpSLT(magnitude, splat(0x38800000)), denormal, normal);
  h = b_.CreateSelect(b_.CreateICmpSGE(magnitude, splat(0x477ff000)), splat(0x7c00), h);
  h = b_.CreateSelect(b_.CreateICmpSGT(magnitude, splat(0x7f800000)), splat(0x7e00), h);
  h = b_.CreateOr(h, b_.CreateAnd(b_.CreateLShr(bits, 16), splat(0x8000)));
  return b_.CreateTrunc(h, words);
}

Value* VectorOps::float_to_bf16(Value* v) {
  const auto lanes = static_cast<unsigned>(target_.lanes(DType::f32));
  auto* words = FixedVectorType::get(b_.getInt16Ty(), lanes);
  if (ability_.bf16)
    return b_.CreateBitCast(
        b_.CreateIntrinsic(llvm::Intrinsic::x86_avx512bf16_cvtneps2bf16_512, {}, {v}), words);
  Value* bits = as_bits(v, DType::f32);
  Value* magnitude = b_.CreateAnd(bits, splat(0x7fffffff));
  Value* upper = b_.CreateLShr(bits, 16);
  Value* rounded = b_.CreateAdd(b_.CreateAdd(bits, splat(0x7fff)), b_.CreateAnd(upper, splat(1)));
  rounded = b_.CreateLShr(rounded, 16);
  rounded = b_.CreateSelect(b_.CreateICmpSGT(magnitude, splat(0x7f800000)),
                            b_.CreateOr(upper, splat(0x40)), rounded);
  rounded = b_.CreateSelect(b_.CreateICmpSLT(magnitude, splat(0x00800000)),
                            b_.CreateAnd(upper, splat(0x8000)), rounded);
  return b_.CreateTrunc(rounded, words);
}

}  // namespace tconv::jit::llvm_part

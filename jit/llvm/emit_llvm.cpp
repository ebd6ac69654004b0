#include "jit/llvm/emit_llvm.h"

#include <llvm/IR/Dominators.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include <set>

#include "jit/kernel_facts.h"
#include "jit/llvm/grid_loop.h"
#include "jit/llvm/integers.h"
#include "jit/llvm/vector_ops.h"

namespace tconv::jit::llvm_part {
namespace {

using ir::Op;
using llvm::Value;

class Walk {
 public:
  Walk(const ir::Program& program, const ir::Target& target, const ir::Kernel& kernel,
       const Ability& ability, llvm::Function* function)
      : program_(program),
        kernel_(kernel),
        function_(function),
        builder_(function->getContext()),
        entry_(function->getContext()),
        ops_(builder_, target, ability),
        integers_(builder_, program.vars.size()),
        facts_(program, target, kernel, 0),
        pointers_(facts_.views.size()),
        registers_(program.regs.size()) {}

  void run() {
    auto* first = llvm::BasicBlock::Create(context(), "", function_);
    auto* start = llvm::BasicBlock::Create(context(), "", function_);
    // Registers are variables in memory first, all in the entry block.
    entry_.SetInsertPoint(first);
    builder_.SetInsertPoint(start);
    GridLoop grid(builder_, integers_, program_, kernel_, function_);
    const std::vector<Value*> bases = load_bases();
    grid.enter();
    start_point(bases);
    block(kernel_.body);
    grid.leave();
    entry_.CreateBr(start);
    llvm::DominatorTree dominators(*function_);
    llvm::PromoteMemToReg(variables_, dominators);
  }

 private:
  llvm::LLVMContext& context() const { return function_->getContext(); }

  // Addresses may lie outside of their buffer: of lane 0, when it is off, and of prefetches.
  Value* moved(Value* pointer, Value* bytes) {
    const auto* constant = llvm::dyn_cast<llvm::ConstantInt>(bytes);
    return constant != nullptr && constant->isZero()
               ? pointer
               : builder_.CreateGEP(builder_.getInt8Ty(), pointer, bytes);
  }

  std::vector<Value*> load_bases() {
    std::vector<Value*> bases;
    for (const ViewFacts& v : facts_.views) {
      const ir::View& view = program_.views[v.view];
      const bool local = program_.buffers[view.buffer].kind == ir::BufferKind::local;
      Value* base = function_->getArg(4);
      std::int64_t offset = view.byte_offset;
      if (local) {
        offset += ir::local_offset(program_, view.buffer);
      } else {
        const int slot = ir::buffer_slot(program_, view.buffer);
        base = builder_.CreateLoad(
            builder_.getPtrTy(),
            builder_.CreateConstGEP1_64(builder_.getPtrTy(), function_->getArg(0),
                                        static_cast<std::uint64_t>(slot)));
      }
      bases.push_back(moved(base, integers_.number(offset)));
    }
    return bases;
  }

  void start_point(const std::vector<Value*>& bases) {
    for (std::size_t i = 0; i < bases.size(); ++i) {
      Value* pointer = bases[i];
      for (const ir::Term& t : facts_.views[i].point)
        pointer = moved(pointer, integers_.scaled(t.var, t.coeff));
      pointers_[i] = pointer;
    }
  }

  void block(const ir::Block& body) {
    for (const ir::Stmt& s : body) std::visit([&](const auto& node) { emit(node); }, s.node);
  }

  // Unrolled bodies use the variables of the first copy again: a register holds nothing at its vec.
  void emit(const ir::Vec& v) {
    auto& elements = registers_[v.reg];
    if (!elements.empty()) return;
    const ir::RegInfo& info = program_.regs[v.reg];
    for (int i = 0; i < info.count(); ++i) {
      elements.push_back(entry_.CreateAlloca(ops_.vector(info.type), nullptr, info.name));
      variables_.push_back(elements.back());
    }
  }

  void emit(const ir::Unroll& u) {
    for (std::int64_t i = u.lo; i < u.hi; ++i) {
      integers_.set(u.var, integers_.number(i));
      block(u.body);
    }
  }

  void emit(const ir::If& f) {
    Value* all = nullptr;
    for (const ir::Affine& c : f.conditions) {
      if (const auto k = integers_.known(c)) {
        if (*k < 0) return;
        continue;
      }
      Value* holds = builder_.CreateICmpSGE(integers_.evaluate(c), integers_.number(0));
      all = all == nullptr ? holds : builder_.CreateAnd(all, holds);
    }
    if (all == nullptr) return block(f.body);
    auto* then = llvm::BasicBlock::Create(context(), "", function_);
    auto* past = llvm::BasicBlock::Create(context(), "", function_);
    builder_.CreateCondBr(all, then, past);
    builder_.SetInsertPoint(then);
    block(f.body);
    builder_.CreateBr(past);
    builder_.SetInsertPoint(past);
  }

  void emit(const ir::For& f) {
    Value* lo = integers_.most(f.lo);
    Value* hi = integers_.least(f.hi);
    const auto known_lo = integers_.known(lo), known_hi = integers_.known(hi);
    const bool known = known_lo && known_hi;
    if (known && *known_hi <= *known_lo) return;
    if (known && *known_hi == *known_lo + 1) {
      integers_.set(f.var, lo);
      return block(f.body);
    }
    auto* head = llvm::BasicBlock::Create(context(), "", function_);
    auto* past = llvm::BasicBlock::Create(context(), "", function_);
    // Pointers stand where the loop begins; those around it need not be brought back.
    const std::vector<Value*> around = pointers_;
    const auto& moves = facts_.loops.at(&f).moves;
    if (!known) {
      auto* before = llvm::BasicBlock::Create(context(), "", function_);
      builder_.CreateCondBr(builder_.CreateICmpSLT(lo, hi), before, past);
      builder_.SetInsertPoint(before);
    }
    for (const LoopFacts::Move& m : moves)
      pointer(m.pointer) = moved(pointer(m.pointer), integers_.times(lo, m.coeff));
    auto* entered = builder_.GetInsertBlock();
    builder_.CreateBr(head);
    builder_.SetInsertPoint(head);
    llvm::PHINode* counter = builder_.CreatePHI(builder_.getInt64Ty(), 2);
    counter->addIncoming(lo, entered);
    std::vector<std::pair<llvm::PHINode*, const LoopFacts::Move*>> moving;
    for (const LoopFacts::Move& m : moves) {
      if (m.coeff == 0) continue;
      llvm::PHINode* p = builder_.CreatePHI(builder_.getPtrTy(), 2);
      p->addIncoming(pointer(m.pointer), entered);
      pointer(m.pointer) = p;
      moving.emplace_back(p, &m);
    }
    integers_.set(f.var, counter);
    block(f.body);
    auto* last = builder_.GetInsertBlock();
    for (const auto& [phi, move] : moving)
      phi->addIncoming(moved(phi, integers_.number(move->coeff)), last);
    Value* next = builder_.CreateNSWAdd(counter, integers_.number(1));
    counter->addIncoming(next, last);
    builder_.CreateCondBr(builder_.CreateICmpSLT(next, hi), head, past);
    builder_.SetInsertPoint(past);
    pointers_ = around;
  }

  Value*& pointer(int number) { return pointers_[static_cast<std::size_t>(number)]; }

  Value* address(const ir::Mem& mem) {
    const auto number = static_cast<std::size_t>(facts_.pointer_of[mem.view]);
    const ViewFacts& view = facts_.views[number];
    std::int64_t bytes = 0;
    for (std::size_t d = 0; d < mem.index.size(); ++d) {
      std::int64_t index = mem.index[d].constant();
      for (const ir::Term& t : mem.index[d].terms()) {
        const ir::VarKind kind = program_.vars[t.var].kind;
        if (kind == ir::VarKind::grid || kind == ir::VarKind::param) continue;
        if (const auto k = integers_.known(integers_.get(t.var))) index += t.coeff * *k;
      }
      bytes += index * view.scale[d];
    }
    return moved(pointers_[number], integers_.number(bytes));
  }

  void emit(const ir::Assign& a) {
    const ir::DType type = program_.regs[a.dst.reg].type;
    if (ir::is_shift(a.op))
      return set(a.dst, ops_.shift(a.op, type, operand(a.operands[0], type),
                                   std::get<ir::Const>(a.operands[1]).bits));
    std::array<Value*, 3> x{};
    for (std::size_t i = 0; i < a.operands.size(); ++i)
      x[i] = operand(a.operands[i], ir::operand_type(a.op, i, type));
    set(a.dst, a.op == Op::perm ? ops_.perm(x[0], x[1], a.lanes) : ops_.op(a.op, type, x));
  }

  Value* operand(const ir::Operand& o, ir::DType type) {
    if (const auto* r = std::get_if<ir::RegRef>(&o))
      return builder_.CreateLoad(ops_.vector(type), variable(*r));
    if (const auto* l = std::get_if<ir::Load>(&o))
      return ops_.load(type, program_.views[l->mem.view].dtype, address(l->mem), l->lanes);
    if (const auto* b = std::get_if<ir::Bcast>(&o))
      return ops_.bcast(type, program_.views[b->mem.view].dtype, address(b->mem));
    return ops_.constant(type, std::get<ir::Const>(o).bits);
  }

  void emit(const ir::Store& s) {
    const ir::DType type = program_.regs[s.value.reg].type;
    Value* value = builder_.CreateLoad(ops_.vector(type), variable(s.value));
    ops_.store(type, program_.views[s.mem.view].dtype, address(s.mem), s.lanes, s.stream, value);
  }

  void emit(const ir::Prefetch& p) {
    // Localities that x86 turns into prefetcht0, prefetcht1 and prefetchnta.
    const unsigned locality = p.hint == ir::Hint::l1 ? 3 : p.hint == ir::Hint::l2 ? 2 : 0;
    builder_.CreateIntrinsic(
        llvm::Intrinsic::prefetch, {builder_.getPtrTy()},
        {address(p.mem), builder_.getInt32(0), builder_.getInt32(locality), builder_.getInt32(1)});
  }

  llvm::AllocaInst* variable(const ir::RegRef& r) const {
    const std::vector<int>& dims = program_.regs[r.reg].dims;
    std::int64_t n = 0;
    for (std::size_t d = 0; d < r.index.size(); ++d)
      n = n * dims[d] + integers_.known(r.index[d]).value();
    return registers_[r.reg].at(static_cast<std::size_t>(n));
  }
  void set(const ir::RegRef& r, Value* value) { builder_.CreateStore(value, variable(r)); }

  const ir::Program& program_;
  const ir::Kernel& kernel_;
  llvm::Function* function_;
  Builder builder_, entry_;
  VectorOps ops_;
  Integers integers_;
  KernelFacts facts_;
  std::vector<Value*> pointers_;  // by number of the view in facts_: where it stands now
  std::vector<std::vector<llvm::AllocaInst*>> registers_;  // by RegId and element
  std::vector<llvm::AllocaInst*> variables_;
};

llvm::Function* declare(llvm::Module& module, const std::string& name, const Machine& machine) {
  llvm::LLVMContext& context = module.getContext();
  auto* ptr = llvm::PointerType::getUnqual(context);
  auto* i64 = llvm::Type::getInt64Ty(context);
  auto* type =
      llvm::FunctionType::get(llvm::Type::getVoidTy(context), {ptr, ptr, i64, i64, ptr}, false);
  auto* f = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module);
  f->addFnAttr(llvm::Attribute::NoUnwind);
  f->setUWTableKind(llvm::UWTableKind::Async);
  f->addFnAttr("target-features", machine.features);
  f->addFnAttr("tune-cpu", machine.tune);
  f->addFnAttr("prefer-vector-width", "512");  // what the program says, not what the CPU likes
  f->addFnAttr("min-legal-vector-width", "512");
  f->addFnAttr("no-trapping-math", "true");
  f->setDSOLocal(true);
  return f;
}

}  // namespace

EmittedModule emit_module(llvm::LLVMContext& context, const ir::Program& program,
                          const std::string& symbol, const Machine& machine) {
  const ir::Target& target = *ir::find_target(program.target);
  EmittedModule out;
  out.module = std::make_unique<llvm::Module>(symbol, context);
  out.module->setTargetTriple(machine.triple);
  out.module->setDataLayout(machine.target->createDataLayout());
  out.module->setPICLevel(llvm::PICLevel::BigPIC);
  // endbr64, as in all other code of ours.
  out.module->addModuleFlag(llvm::Module::Override, "cf-protection-branch", 1);
  std::set<std::string> names;
  for (const ir::Stage& stage : program.stages) {
    std::vector<std::string>& kernels = out.kernels.emplace_back();
    for (const ir::Kernel& kernel : stage.kernels) {
      std::string name = symbol + "_" + kernel.name;
      for (int n = 2; !names.insert(name).second; ++n)
        name = symbol + "_" + kernel.name + "_" + std::to_string(n);
      Walk(program, target, kernel, machine.ability, declare(*out.module, name, machine)).run();
      kernels.push_back(name);
    }
  }
  return out;
}

}  // namespace tconv::jit::llvm_part

#include "runtime/work_count.h"

#include <algorithm>
#include <vector>

#include "ir/target.h"

namespace tconv::runtime {
namespace {

// Runs the loops but not the statements. A loop whose body does not look at its variable, neither
// in a bound nor in a condition, is counted once and multiplied: without that, counting would take
// as long as interpreting.
class Counter {
 public:
  Counter(const ir::Program& program, const std::int64_t* params)
      : program_(program),
        target_(*ir::find_target(program.target)),
        values_(program.vars.size(), 0) {
    for (std::size_t p = 0; p < program.params.size(); ++p)
      values_[program.params[p].var] = params[p];
  }

  double count(const ir::Kernel& kernel) {
    std::vector<ir::VarId> vars;
    double points = 1;
    std::vector<std::int64_t> extents;
    for (const ir::GridAxis& axis : kernel.grid) {
      const std::int64_t extent = value(axis.extent);
      if (controls(kernel.body, axis.var)) {
        vars.push_back(axis.var);
        extents.push_back(extent);
      } else {
        points *= static_cast<double>(extent);
      }
    }
    return points * over_grid(kernel.body, vars, extents, 0);
  }

 private:
  double over_grid(const ir::Block& body, const std::vector<ir::VarId>& vars,
                   const std::vector<std::int64_t>& extents, std::size_t axis) {
    if (axis == vars.size()) return count(body);
    double sum = 0;
    for (std::int64_t v = 0; v < extents[axis]; ++v) {
      values_[vars[axis]] = v;
      sum += over_grid(body, vars, extents, axis + 1);
    }
    return sum;
  }

  std::int64_t value(const ir::Affine& form) const {
    return form.evaluate([&](ir::VarId v) { return values_[v]; });
  }

  double loop(ir::VarId var, std::int64_t lo, std::int64_t hi, const ir::Block& body) {
    if (lo >= hi) return 0;
    if (!controls(body, var)) return static_cast<double>(hi - lo) * count(body);
    double sum = 0;
    for (std::int64_t v = lo; v < hi; ++v) {
      values_[var] = v;
      sum += count(body);
    }
    return sum;
  }

  double count(const ir::Block& block) {
    double sum = 0;
    for (const ir::Stmt& stmt : block) {
      if (const auto* f = std::get_if<ir::For>(&stmt.node)) {
        std::int64_t lo = value(f->lo.front()), hi = value(f->hi.front());
        for (const ir::Affine& bound : f->lo) lo = std::max(lo, value(bound));
        for (const ir::Affine& bound : f->hi) hi = std::min(hi, value(bound));
        sum += loop(f->var, lo, hi, f->body);
      } else if (const auto* u = std::get_if<ir::Unroll>(&stmt.node)) {
        sum += loop(u->var, u->lo, u->hi, u->body);
      } else if (const auto* i = std::get_if<ir::If>(&stmt.node)) {
        const bool taken = std::all_of(i->conditions.begin(), i->conditions.end(),
                                       [&](const ir::Affine& c) { return value(c) >= 0; });
        if (taken) sum += count(i->body);
      } else if (const auto* a = std::get_if<ir::Assign>(&stmt.node)) {
        if (a->op == multiply_add_) sum += target_.lanes(program_.regs[a->dst.reg].type);
        if (a->op == ir::Op::dot2) sum += 2 * target_.lanes(ir::DType::f32);
      }
    }
    return sum;
  }

  // Whether a bound or condition inside the block depends on the variable.
  static bool controls(const ir::Block& block, ir::VarId var) {
    const auto uses = [var](const std::vector<ir::Affine>& forms) {
      return std::any_of(forms.begin(), forms.end(),
                         [var](const ir::Affine& f) { return f.coeff(var) != 0; });
    };
    return std::any_of(block.begin(), block.end(), [&](const ir::Stmt& stmt) {
      if (const auto* f = std::get_if<ir::For>(&stmt.node))
        return uses(f->lo) || uses(f->hi) || controls(f->body, var);
      if (const auto* u = std::get_if<ir::Unroll>(&stmt.node)) return controls(u->body, var);
      if (const auto* i = std::get_if<ir::If>(&stmt.node))
        return uses(i->conditions) || controls(i->body, var);
      return false;
    });
  }

  const ir::Program& program_;
  const ir::Target& target_;
  // Without fma every product is a mul of its own.
  const ir::Op multiply_add_ = target_.fma ? ir::Op::fma : ir::Op::mul;
  std::vector<std::int64_t> values_;
};

}  // namespace

double executed_multiply_adds(const ir::Program& program, const std::int64_t* params) {
  Counter counter(program, params);
  double sum = 0;
  for (const ir::Stage& stage : program.stages)
    for (const ir::Kernel& kernel : stage.kernels) sum += counter.count(kernel);
  return sum;
}

}  // namespace tconv::runtime

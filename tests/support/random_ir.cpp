#include "tests/support/random_ir.h"

#include <algorithm>
#include <map>
#include <random>

#include "ir/builder.h"

namespace tconv::test {
namespace {

using ir::Affine;
using ir::DType;
using ir::Op;
using ir::Operand;

struct Interval {
  std::int64_t low = 0, high = 0;
};

class Generator {
 public:
  Generator(const std::string& target, std::uint32_t seed, int views)
      : random_(seed), b_(*ir::find_target(target)), most_views_(views) {}

  RandomProgram run() {
    params();
    buffers();
    const int stages = 1 + below(2);
    for (int s = 0; s < stages; ++s)
      b_.stage([&] {
        const int kernels = 1 + below(2);
        for (int k = 0; k < kernels; ++k) kernel();
      });
    RandomProgram out;
    out.program = b_.take();
    set_dimensions(out.program);
    for (const auto& values : param_values_) out.params.push_back(values);
    out.views = widest_;
    return out;
  }

 private:
  // ---- choices
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool chance(int percent) { return below(100) < percent; }
  bool wide() const { return most_views_ > kFewViews; }
  template <class T>
  const T& one_of(const std::vector<T>& list) {
    return list[random_() % list.size()];
  }

  // ---- declarations
  void params() {
    param_values_.assign(3, {});
    if (chance(40)) return;
    const std::int64_t low = below(3), high = low + 1 + below(6);
    const Affine n = b_.param("n", low, high);
    variable(n, {low, high}, false);
    extents_.push_back(n);
    std::vector<std::int64_t> values = {low, high, low + (high - low) / 2};
    for (std::size_t i = 0; i < 3; ++i) param_values_[i].push_back(values[i]);
    if (chance(50)) return;
    const std::int64_t d = 1 + below(3), c = below(4);
    const Affine m = b_.param_ceil("m", n * 2 + c, d);
    const auto ceil = [&](std::int64_t v) { return (2 * v + c + d - 1) / d; };
    variable(m, {ceil(low), ceil(high)}, false);
    extents_.push_back(m);
    for (std::size_t i = 0; i < 3; ++i) param_values_[i].push_back(ceil(values[i]));
  }

  struct ViewState {
    ir::ViewId id;
    DType type;
    std::vector<std::int64_t> need;  // elements per dimension
    bool readable, writable, local;
    ir::ViewId identity;
    std::map<ir::VarId, std::vector<std::int64_t>> coeffs;  // per dimension
  };

  void buffers() {
    const std::vector<DType> types = {DType::f32, DType::f32,  DType::f32, DType::f64, DType::i32,
                                      DType::f16, DType::bf16, DType::s8,  DType::u8};
    const int count = wide() ? most_views_ : 3 + below(4);
    for (int i = 0; i < count; ++i) {
      const DType t = one_of(types);
      const bool store = t != DType::s8 && t != DType::u8;
      const std::string name = "b" + std::to_string(i);
      const bool local = store && t == DType::f32 && chance(25);
      const auto kind = local                  ? ir::BufferKind::local
                        : !store || chance(40) ? ir::BufferKind::in
                        : chance(20)           ? ir::BufferKind::out
                                               : ir::BufferKind::inout;
      const std::size_t rank = local ? 1 : static_cast<std::size_t>(1 + below(3));
      const ir::ViewId v = b_.buffer(name, t, std::vector<Affine>(rank, Affine(1)), kind);
      const bool readable = kind != ir::BufferKind::out, writable = kind != ir::BufferKind::in;
      views_.push_back(
          {v, t, std::vector<std::int64_t>(rank, 1), readable, writable, local, v, {}});
      if (!local && rank == 1 && chance(40)) {  // another shape of the same memory
        const std::size_t r = static_cast<std::size_t>(1 + below(2));
        const ir::ViewId w =
            b_.view(name + "v", v, 64 * below(3), t, std::vector<Affine>(r, Affine(1)));
        views_.push_back({w, t, std::vector<std::int64_t>(r, 1), readable, writable, false, v, {}});
      }
    }
    const ir::ViewId v = b_.buffer("y", DType::f32, {1}, ir::BufferKind::inout);
    views_.push_back({v, DType::f32, {1}, true, true, false, v, {}});
  }

  // Buffers as large as their accesses turned out to need.
  void set_dimensions(ir::Program& p) {
    for (ViewState& v : views_) {
      if (v.local) {
        const auto lanes = b_.target().lanes(DType::f32);
        v.need[0] = (v.need[0] + lanes - 1) / lanes * lanes;
      }
      std::int64_t elements = 1;
      for (std::size_t d = 0; d < v.need.size(); ++d) {
        p.views[v.id].dims[d] = Affine(v.need[d]);
        elements *= v.need[d];
      }
      ir::Buffer& buffer = p.buffers[p.views[v.id].buffer];
      if (v.id == v.identity) {
        buffer.dims = p.views[v.id].dims;
      } else {
        const std::int64_t end = elements + p.views[v.id].byte_offset / ir::bytes(v.type);
        ViewState& whole = *std::find_if(views_.begin(), views_.end(),
                                         [&](const ViewState& w) { return w.id == v.identity; });
        whole.need[0] = std::max(whole.need[0], end);
        buffer.dims[0] = p.views[v.identity].dims[0] = Affine(whole.need[0]);
      }
    }
    for (auto& [loop, view] : clears_) fill_bound(p, loop, view);
  }

  // The loop that clears a local buffer, now that its size is known.
  void fill_bound(ir::Program& p, const std::string& loop, std::size_t view) {
    const std::int64_t n = views_[view].need[0] / b_.target().lanes(DType::f32);
    for (ir::Stage& s : p.stages)
      for (ir::Kernel& k : s.kernels)
        for (ir::Stmt& st : k.body)
          if (auto* f = std::get_if<ir::For>(&st.node); f && p.vars[f->var].name == loop)
            f->hi = {Affine(n)};
  }

  // ---- variables
  struct Variable {
    Affine form;
    Interval range;
    bool indexes;
  };
  void variable(const Affine& form, Interval range, bool indexes = true) {
    const ir::VarId var = form.terms()[0].var;  // the builder gives numbers of unused ones again
    std::erase(unrolled_, var);
    for (ViewState& view : views_) view.coeffs.erase(var);
    variables_.push_back({form, range, indexes});
  }
  Interval range(const Affine& f) const {
    Interval r{f.constant(), f.constant()};
    for (const Variable& v : variables_) {
      const std::int64_t c = f.coeff(v.form.terms()[0].var);
      r.low += c * (c > 0 ? v.range.low : v.range.high);
      r.high += c * (c > 0 ? v.range.high : v.range.low);
    }
    return r;
  }
  // A form of up to two variables whose values are near 0.
  Affine small_form() {
    Affine f(below(7) - 3);
    for (int i = 0; i < 2 && !variables_.empty(); ++i)
      if (chance(70)) f += one_of(variables_).form * (below(5) - 2);
    return f;
  }

  // ---- kernels
  void kernel() {
    std::vector<ir::Builder::Axis> axes;
    const int rank = 1 + below(3);
    for (int a = 0; a < rank; ++a) {
      const Affine extent =
          !extents_.empty() && chance(40) ? one_of(extents_) : Affine(2 + below(4));
      axes.push_back({"g" + std::to_string(a), extent});
    }
    usable_.clear();
    for (std::size_t i = 0; i < views_.size(); ++i) usable_.push_back(i);
    std::shuffle(usable_.begin(), usable_.end(), random_);
    const auto others = static_cast<std::size_t>(wide() ? kFewViews + below(most_views_ - kFewViews)
                                                        : kFewViews - 1);
    if (usable_.size() > others) usable_.resize(others);
    usable_.push_back(views_.size() - 1);
    std::sort(usable_.begin(), usable_.end());
    usable_.erase(std::unique(usable_.begin(), usable_.end()), usable_.end());
    widest_ = std::max(widest_, static_cast<int>(usable_.size()));
    b_.kernel("k", axes, [&](std::span<const Affine> point) {
      const std::size_t before = variables_.size();
      for (std::size_t a = 0; a < point.size(); ++a)
        if (!point[a].is_constant())
          variable(point[a], {0, std::max<std::int64_t>(range(axes[a].extent).high - 1, 0)});
      clear_locals();
      block(0);
      if (wide()) use_all_views();
      variables_.resize(before);
    });
  }

  void clear_locals() {
    for (const std::size_t i : usable_) {
      if (!views_[i].local) continue;
      for (const Variable& x : variables_)  // the clearing loop stands still on the grid
        views_[i].coeffs[x.form.terms()[0].var] = {0};
      const std::string name = "clear" + std::to_string(clears_.size());
      clears_.emplace_back(name, i);
      b_.loop(name, 0, 2, [&](const Affine& v) {
        views_[i].coeffs[v.terms()[0].var] = {b_.lanes()};
        const auto z = b_.vec("z");
        b_.mov(z(), ir::f32(0.25F));
        b_.store({views_[i].id, {v * b_.lanes()}}, z());
      });
    }
  }

  void block(int depth) {
    const std::size_t registers = registers_.size();
    const int used = used_;
    const int statements = 2 + below(depth == 0 ? 6 : 4);
    if (registers_.empty()) declare();
    for (int i = 0; i < statements; ++i) statement(depth);
    if (wide() && chance(25)) use_all_views();
    store();
    registers_.resize(registers);
    used_ = used;
  }

  // Reads all that can be read into one register per type, and writes it to all that can be
  // written.
  void use_all_views() {
    if (used_ + 3 > b_.target().registers - 6) return;
    b_.scope([&] {
      for (const DType type : {DType::f32, DType::f64, DType::i32}) {
        const ir::Reg sum = b_.vec(fresh("s"), {}, type);
        b_.mov(sum(), constant(type));
        const auto each = [&](auto&& use) {
          for (const std::size_t i : usable_)
            if (ir::converts(views_[i].type, type)) use(views_[i]);
        };
        each([&](ViewState& v) {
          const ir::Lanes lanes = some_lanes(type);
          const int top = lanes.all() ? b_.lanes(type) : lanes.hi;
          if (v.readable) b_.op(Op::max, sum(), ir::load(access(v, lanes.lo, top), lanes), sum());
        });
        each([&](ViewState& v) {
          if (v.writable) b_.store(access(v, 0, b_.lanes(type)), sum());
        });
      }
    });
  }

  void statement(int depth) {
    const int kind = below(100);
    if (depth < 4 && kind < 12) return loop(depth, false);
    if (depth < 4 && kind < 24) return loop(depth, true);
    if (depth < 4 && kind < 32) return unroll(depth);
    if (depth < 4 && kind < 40) return guard(depth);
    if (kind < 48) return declare();
    if (kind < 60) return store();
    if (kind < 63) return prefetch();
    assign();
  }

  std::string fresh(const char* name) { return name + std::to_string(names_++); }

  void loop(int depth, bool run_time) {
    const std::int64_t low = below(3) - 1, high = low + 1 + below(4);
    std::vector<Affine> lo = {Affine(low)}, hi = {Affine(high)};
    if (run_time) {
      if (chance(60)) lo.push_back(small_form());
      if (chance(60)) hi.push_back(small_form() + 2);
      if (chance(20)) hi.push_back(small_form() + 3);
    }
    b_.loop(fresh("l"), lo, hi, [&](const Affine& v) {
      const std::size_t before = variables_.size();
      if (!v.is_constant()) variable(v, {low, high - 1});
      block(depth + 1);
      variables_.resize(before);
    });
  }

  void unroll(int depth) {
    const std::int64_t low = below(2), high = low + 1 + below(3);
    b_.unroll(fresh("u"), low, high, [&](const Affine& v) {
      const std::size_t before = variables_.size();
      if (!v.is_constant()) {
        variable(v, {low, high - 1});
        unrolled_.push_back(v.terms()[0].var);
      }
      block(depth + 1);
      variables_.resize(before);
    });
  }

  void guard(int depth) {
    std::vector<Affine> conditions = {small_form()};
    if (chance(40)) conditions.push_back(small_form());
    b_.when(conditions, [&] {
      if (std::all_of(conditions.begin(), conditions.end(),
                      [](const Affine& c) { return c.is_constant(); }))
        return b_.scope([&] { block(depth + 1); });  // else its registers would stay live
      block(depth + 1);
    });
  }

  // ---- registers: defined as soon as they are declared
  struct Register {
    ir::Reg reg;
    DType type;
    int count;
    ir::RegRef ref(int i) const { return count == 1 ? reg() : reg(i); }
  };

  void declare() {
    const int count = chance(50) ? 1 : 1 + below(3);
    if (used_ + count > b_.target().registers - 6) return;
    used_ += count;
    const DType type = one_of<DType>({DType::f32, DType::f32, DType::f32, DType::f64, DType::i32});
    const ir::Reg r =
        b_.vec(fresh("r"), count == 1 ? std::vector<int>{} : std::vector{count}, type);
    registers_.push_back({r, type, count});
    for (int i = 0; i < count; ++i) b_.mov(registers_.back().ref(i), source(type, false));
  }

  ir::RegRef some_register(DType type) {
    std::vector<const Register*> list;
    for (const Register& r : registers_)
      if (r.type == type) list.push_back(&r);
    const Register& r = *one_of(list);
    return r.ref(below(r.count));
  }

  Operand constant(DType type) {
    const int v = below(9) - 4;
    if (type == DType::f64) return ir::f64(v * 0.25);
    return type == DType::f32 ? ir::f32(static_cast<float>(v) * 0.25F)
                              : ir::bits(static_cast<std::uint32_t>(v));
  }

  // Memory that converts to `type`, a constant, or a register if there is one.
  Operand source(DType type, bool registers = true) {
    const int kind = below(100);
    if (registers && kind < 50) return some_register(type);
    if (kind < 60) return constant(type);
    std::vector<std::size_t> list;
    for (const std::size_t i : usable_)
      if (views_[i].readable && ir::converts(views_[i].type, type)) list.push_back(i);
    if (list.empty()) return constant(type);
    ViewState& v = views_[one_of(list)];
    if (kind < 75) return ir::bcast(access(v, 0, 1));
    const ir::Lanes lanes = some_lanes(type);
    return ir::load(access(v, lanes.lo, lanes.all() ? b_.lanes(type) : lanes.hi), lanes);
  }

  ir::Lanes some_lanes(DType type) {
    const int n = b_.lanes(type);
    if (chance(60)) return {};
    const int lo = below(n), hi = lo + 1 + below(n - lo);
    return lo == 0 && hi == n ? ir::Lanes{} : ir::Lanes{lo, hi};
  }

  // Lanes lo..hi of an access are inside; views move with every variable by coefficients of their
  // own.
  ir::Mem access(ViewState& v, int lo, int hi) {
    const std::size_t rank = v.need.size();
    std::vector<Affine> index(rank);
    for (const Variable& x : variables_) {
      if (!x.indexes) continue;
      const ir::VarId var = x.form.terms()[0].var;
      const bool free = std::find(unrolled_.begin(), unrolled_.end(), var) != unrolled_.end();
      auto known = v.coeffs.find(var);
      if (known == v.coeffs.end() || free) {
        std::vector<std::int64_t> c(rank, 0);
        c[random_() % rank] = one_of<std::int64_t>({0, 1, 1, 2, 3, 8, -1, -2});
        known = v.coeffs.insert_or_assign(var, c).first;
      }
      for (std::size_t d = 0; d < rank; ++d) index[d] += x.form * known->second[d];
    }
    for (std::size_t d = 0; d < rank; ++d) {
      const bool last = d + 1 == rank;
      const Interval r = range(index[d]);
      const std::int64_t first = -r.low + below(3) - (last ? lo : 0);
      index[d] += first;
      v.need[d] = std::max(v.need[d], r.high + first + (last ? hi : 1));
    }
    return {v.id, std::move(index)};
  }

  // ---- statements without blocks
  void store() {
    std::vector<std::pair<std::size_t, DType>> list;
    for (const std::size_t i : usable_)
      for (const Register& r : registers_)
        if (views_[i].writable && ir::converts(views_[i].type, r.type))
          list.emplace_back(i, r.type);
    if (list.empty()) return;
    const auto [i, type] = one_of(list);
    const ir::Lanes lanes = some_lanes(type);
    b_.store(access(views_[i], lanes.lo, lanes.all() ? b_.lanes(type) : lanes.hi),
             some_register(type), lanes);
  }

  void prefetch() {
    b_.prefetch(access(views_[one_of(usable_)], 0, 1),
                one_of<ir::Hint>({ir::Hint::l1, ir::Hint::l2, ir::Hint::nta}));
  }

  void assign() {
    if (registers_.empty()) return declare();
    const Register& d = one_of(registers_);
    const ir::RegRef dst = d.ref(below(d.count));
    const DType t = d.type;
    const auto s = [&] { return source(t); };
    const int kind = below(100);
    // Values must stay finite and bits of NaN must not be seen: products are of memory only, sums
    // are halved, and bit operations are for integers.
    if (kind < 40) return b_.fma(dst, memory(t), memory(t), s());
    if (kind < 60) return b_.op(one_of<Op>({Op::max, Op::min}), dst, s(), s());
    if (kind < 70) {
      std::vector<int> lanes;
      for (int i = 0; i < b_.lanes(t); ++i) lanes.push_back(below(2 * b_.lanes(t)));
      return b_.perm(dst, s(), s(), lanes);
    }
    if (t == DType::i32) {
      if (kind < 80)
        return b_.op(one_of<Op>({Op::shl, Op::shr, Op::sra}), dst, s(),
                     ir::bits(static_cast<std::uint64_t>(below(32))));
      if (kind < 90) return b_.assign(Op::sel, dst, {s(), s(), s()});
      return b_.op(one_of<Op>({Op::and_, Op::or_, Op::xor_, Op::iadd, Op::isub, Op::add, Op::sub,
                               Op::mul, Op::lt}),
                   dst, s(), s());
    }
    if (kind < 78) return b_.assign(Op::round, dst, {s()});
    if (kind < 86) return b_.op(one_of<Op>({Op::add, Op::sub}), dst, s(), memory(t));
    if (kind < 90) return b_.op(Op::div, dst, s(), t == DType::f64 ? ir::f64(3) : ir::f32(3));
    if (used_ + 1 > b_.target().registers - 6) return;
    b_.scope([&] {  // a comparison and what it decides
      const ir::Reg m = b_.vec(fresh("m"), {}, t);
      b_.op(Op::lt, m(), s(), s());
      b_.assign(Op::sel, dst, {m(), s(), s()});
    });
  }

  Operand memory(DType type) { return source(type, false); }

  std::mt19937 random_;
  ir::Builder b_;
  int most_views_, widest_ = 0;
  std::vector<std::vector<std::int64_t>> param_values_;
  std::vector<Affine> extents_;
  std::vector<ViewState> views_;
  std::vector<std::size_t> usable_;
  std::vector<std::pair<std::string, std::size_t>> clears_;
  std::vector<Variable> variables_;
  std::vector<ir::VarId> unrolled_;
  std::vector<Register> registers_;
  int used_ = 0, names_ = 0;
};

}  // namespace

RandomProgram random_program(const std::string& target, std::uint32_t seed, int views) {
  return Generator(target, seed, views).run();
}

}  // namespace tconv::test

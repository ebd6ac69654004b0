#include "planner/schedules/linear_map.h"

#include <algorithm>
#include <cmath>

namespace tconv::planner {
namespace {

using ir::Op;
using ir::Operand;
using ir::RegRef;

// How the entries of two rows (or columns) compare: all of one size, some with equal signs, some
// with opposite ones.
struct Pairing {
  bool pair = true;
  int same = 0, opposite = 0;
  void see(double a, double b) {
    if (std::abs(a) != std::abs(b)) pair = false;
    if (a != 0) ++(a == b ? same : opposite);
  }
};

class LinearMap {
 public:
  LinearMap(ir::Builder& b, Matrix m, const std::vector<RegRef>& x, const std::vector<RegRef>& y,
            ir::DType type)
      : b_(b), m_(std::move(m)), x_(x), y_(y), type_(type) {}

  void emit() {
    const ir::Reg t = b_.vec("t", {}, type_);
    temporary_ = t();
    pair_columns();
    std::vector<bool> done(static_cast<std::size_t>(m_.rows), false);
    for (int i = 0; i < m_.rows; ++i)
      for (int k = i + 1; k < m_.rows && !done[at(i)]; ++k)
        if (!done[at(k)] && pair_rows(i, k)) done[at(i)] = done[at(k)] = true;
    for (int i = 0; i < m_.rows; ++i)
      if (!done[at(i)]) sum(row(i), y_[at(i)]);
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }
  Operand constant(double v) const {
    return type_ == ir::DType::f64 ? ir::f64(v) : ir::f32(static_cast<float>(v));
  }
  std::vector<double> row(int i) const {
    const auto first = m_.values.begin() + i * m_.columns;
    return {first, first + m_.columns};
  }

  // Inputs that always come as sum or as difference become these two.
  void pair_columns() {
    for (int j = 0; j < m_.columns; ++j)
      for (int k = j + 1; k < m_.columns; ++k) {
        Pairing p;
        for (int i = 0; i < m_.rows; ++i) p.see(m_.at(i, j), m_.at(i, k));
        if (!p.pair || p.same == 0 || p.opposite == 0) continue;
        b_.op(Op::sub, temporary_, x_[at(j)], x_[at(k)]);
        b_.op(Op::add, x_[at(j)], x_[at(j)], x_[at(k)]);
        b_.mov(x_[at(k)], temporary_);
        for (int i = 0; i < m_.rows; ++i) {
          const bool same = m_.at(i, j) == m_.at(i, k);
          (same ? m_.at(i, k) : m_.at(i, j)) = 0;
          if (!same) m_.at(i, k) = -m_.at(i, k);
        }
      }
  }

  // Two results that are e + o and e - o.
  bool pair_rows(int i, int k) {
    Pairing p;
    for (int j = 0; j < m_.columns; ++j) p.see(m_.at(i, j), m_.at(k, j));
    if (!p.pair || p.same == 0 || p.opposite == 0 || p.same + p.opposite < 3) return false;
    std::vector<double> even = row(i), odd = row(i);
    for (int j = 0; j < m_.columns; ++j) (m_.at(i, j) == m_.at(k, j) ? odd : even)[at(j)] = 0;
    sum(even, y_[at(i)]);
    sum(odd, temporary_);
    b_.op(Op::sub, y_[at(k)], y_[at(i)], temporary_);
    b_.op(Op::add, y_[at(i)], y_[at(i)], temporary_);
    return true;
  }

  void sum(const std::vector<double>& c, const RegRef& y) {
    std::vector<int> terms;
    for (int j = 0; j < m_.columns; ++j)
      if (c[at(j)] != 0) terms.push_back(j);
    // Ones first: they need no product.
    std::stable_sort(terms.begin(), terms.end(),
                     [&](int a, int b) { return (c[at(a)] == 1) > (c[at(b)] == 1); });
    if (terms.empty()) return b_.mov(y, ir::bits(0));
    std::size_t next = 1;
    const RegRef& first = x_[at(terms[0])];
    const double factor = c[at(terms[0])];
    if (factor != 1) {
      b_.op(Op::mul, y, first, constant(factor));
    } else if (terms.size() == 1) {
      b_.mov(y, first);
    } else {
      add(y, first, terms[next], c);
      ++next;
    }
    for (; next < terms.size(); ++next) add(y, y, terms[next], c);
  }
  void add(const RegRef& y, const RegRef& to, int j, const std::vector<double>& c) {
    const double factor = c[at(j)];
    if (factor == 1) return b_.op(Op::add, y, to, x_[at(j)]);
    if (factor == -1) return b_.op(Op::sub, y, to, x_[at(j)]);
    b_.fma(y, x_[at(j)], constant(factor), to);
  }

  ir::Builder& b_;
  Matrix m_;
  const std::vector<RegRef>&x_, &y_;
  ir::DType type_;
  RegRef temporary_;
};

}  // namespace

void emit_linear(ir::Builder& b, const Matrix& m, const std::vector<RegRef>& x,
                 const std::vector<RegRef>& y, ir::DType type) {
  b.scope([&] { LinearMap(b, m, x, y, type).emit(); });
}

}  // namespace tconv::planner

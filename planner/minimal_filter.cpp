#include "planner/minimal_filter.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace tconv::planner {
namespace {

// The finite ones. Pairs of opposite points share half of their sums. Around 1, so that powers grow
// neither much nor shrink: F(4,3) along two axes has 1.9 times the error of direct, with 0, 1, -1,
// 1/2, -2 it has 2.6 times (bench/accuracy.py).
std::vector<double> finite_points(int count) {
  std::vector<double> points = {0, 1, -1};
  if (count > 3) points = {0, 0.75, -0.75, 1.5, -1.5};
  if (count > 5) points = {0, 1, -1, 0.5, -0.5, 2};
  points.resize(static_cast<std::size_t>(count));
  return points;
}

// Coefficients, lowest first, of the product of (x - a) over all points but `skip` (-1: none).
std::vector<double> product(const std::vector<double>& points, int skip) {
  std::vector<double> c = {1};
  for (std::size_t p = 0; p < points.size(); ++p) {
    if (static_cast<int>(p) == skip) continue;
    c.push_back(0);
    for (std::size_t i = c.size() - 1; i > 0; --i) c[i] = c[i - 1] - points[p] * c[i];
    c[0] *= -points[p];
  }
  return c;
}

}  // namespace

MinimalFilter minimal_filter(int m, int r) {
  if (m < 1 || r < 1 || m + r - 1 > kMostPoints)
    throw std::invalid_argument("F(" + std::to_string(m) + "," + std::to_string(r) + "): at most " +
                                std::to_string(kMostPoints) + " points");
  const int points = m + r - 1, finite = points - 1;
  const std::vector<double> at = finite_points(finite);
  const auto matrix = [](int rows, int columns) {
    return Matrix{rows, columns, std::vector<double>(static_cast<std::size_t>(rows * columns), 0)};
  };
  MinimalFilter f{m, r, matrix(m, points), matrix(points, r), matrix(points, points)};
  for (int p = 0; p < finite; ++p) {
    double norm = 1;
    for (int q = 0; q < finite; ++q)
      if (q != p) norm *= at[static_cast<std::size_t>(p)] - at[static_cast<std::size_t>(q)];
    for (int k = 0; k < m; ++k) f.A.at(k, p) = std::pow(at[static_cast<std::size_t>(p)], k);
    const std::vector<double> c = product(at, p);
    // Rows of B keep their first nonzero sign positive where that costs nothing: G takes the sign.
    const double sign = norm < 0 ? -1 : 1;
    for (int i = 0; i < r; ++i)
      f.G.at(p, i) = std::pow(at[static_cast<std::size_t>(p)], i) / (norm * sign);
    for (std::size_t i = 0; i < c.size(); ++i) f.B.at(p, static_cast<int>(i)) = c[i] * sign;
  }
  f.A.at(m - 1, finite) = 1;
  f.G.at(finite, r - 1) = 1;
  const std::vector<double> c = product(at, -1);
  for (std::size_t i = 0; i < c.size(); ++i) f.B.at(finite, static_cast<int>(i)) = c[i];
  return f;
}

double accuracy_factor(int m, int r) {
  if (m + r - 1 <= 6) return m + r - 1 <= 4 ? 1 : 2;
  return m <= 4 ? 3 : 5;  // powers up to 2^(m - 1)
}

double relative_error(int m, int r) {
  switch (m + r - 1) {
    case 5:
      return r == 2 ? 1.75 : r == 3 ? 1.7 : 1.3;
    case 6:
      return r == 2 ? 1.8 : r == 3 ? 1.45 : 1.3;
    case 7:
      return r == 2 ? 3.4 : 2.5;
    default:
      return 1;
  }
}

}  // namespace tconv::planner

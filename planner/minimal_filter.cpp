#include "planner/minimal_filter.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace tconv::planner {
namespace {

// In the order in which they are taken. 1/2 and -2 beside each other keep the transforms' entries
// small.
constexpr double kPoints[kMostPoints - 1] = {0, 1, -1, 0.5, -2};

// Coefficients, lowest first, of the product of (x - a) over all points but `skip` (-1: none).
std::vector<double> product(int count, int skip) {
  std::vector<double> c = {1};
  for (int p = 0; p < count; ++p) {
    if (p == skip) continue;
    c.push_back(0);
    for (std::size_t i = c.size() - 1; i > 0; --i) c[i] = c[i - 1] - kPoints[p] * c[i];
    c[0] *= -kPoints[p];
  }
  return c;
}

}  // namespace

MinimalFilter minimal_filter(int m, int r) {
  if (m < 1 || r < 1 || m + r - 1 > kMostPoints)
    throw std::invalid_argument("F(" + std::to_string(m) + "," + std::to_string(r) + "): at most " +
                                std::to_string(kMostPoints) + " points");
  const int points = m + r - 1, finite = points - 1;
  const auto matrix = [](int rows, int columns) {
    return Matrix{rows, columns, std::vector<double>(static_cast<std::size_t>(rows * columns), 0)};
  };
  MinimalFilter f{m, r, matrix(m, points), matrix(points, r), matrix(points, points)};
  for (int p = 0; p < finite; ++p) {
    double norm = 1;
    for (int q = 0; q < finite; ++q)
      if (q != p) norm *= kPoints[p] - kPoints[q];
    for (int k = 0; k < m; ++k) f.A.at(k, p) = std::pow(kPoints[p], k);
    const std::vector<double> c = product(finite, p);
    // Rows of B keep their first nonzero sign positive where that costs nothing: G takes the sign.
    const double sign = norm < 0 ? -1 : 1;
    for (int i = 0; i < r; ++i) f.G.at(p, i) = std::pow(kPoints[p], i) / (norm * sign);
    for (std::size_t i = 0; i < c.size(); ++i) f.B.at(p, static_cast<int>(i)) = c[i] * sign;
  }
  f.A.at(m - 1, finite) = 1;
  f.G.at(finite, r - 1) = 1;
  const std::vector<double> c = product(finite, -1);
  for (std::size_t i = 0; i < c.size(); ++i) f.B.at(finite, static_cast<int>(i)) = c[i];
  return f;
}

double accuracy_factor(int m, int r) { return m + r - 1 <= 4 ? 1 : 2; }

}  // namespace tconv::planner

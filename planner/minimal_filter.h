// Minimal filtering F(m, r) (Winograd; Toom-Cook): m outputs of a convolution with r taps from
// m + r - 1 products,
//
//     y = A [(G w) * (B x)]      x: m + r - 1 inputs, w: r taps, y[k] = sum over i of w[i] x[k + i]
//
// Every point p of the interpolation gives one product; the last one is infinity.
#pragma once

#include <cstdint>
#include <vector>

namespace tconv::planner {

struct Matrix {
  int rows = 0, columns = 0;
  std::vector<double> values;  // row-major
  double at(int row, int column) const {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
  double& at(int row, int column) {
    return values[static_cast<std::size_t>(row * columns + column)];
  }
  bool operator==(const Matrix&) const = default;
};

struct MinimalFilter {
  int m = 0, r = 0;
  Matrix A;  // [m][points], exact in f32
  Matrix G;  // [points][r]
  Matrix B;  // [points][points], exact in f32
  int points() const { return m + r - 1; }
};

// Most points that have a set of good ones: 0, +-1, +-1/2, 2 and infinity.
inline constexpr int kMostPoints = 7;

// m, r >= 1 and m + r - 1 <= kMostPoints; throws std::invalid_argument otherwise.
MinimalFilter minimal_filter(int m, int r);

// How much of the error bound of a plain sum F(m, r) needs along one axis: docs/accuracy.md
// says when it holds.
double accuracy_factor(int m, int r);

// The error of F(m, r) along one axis beside that of a plain sum (root of mean squares, measured:
// docs/accuracy.md); those of several axes multiply.
double relative_error(int m, int r);

}  // namespace tconv::planner

#include "runtime/frontends/keras_axis_functions.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "runtime/frontends/fail.h"
#include "runtime/frontends/number_array.h"

namespace tconv::frontends {
namespace {

std::size_t checked_axis(const TensorView& x, std::int64_t axis) {
  const auto rank = static_cast<std::int64_t>(x.rank());
  if (axis < -rank || axis >= rank)
    value_error("axis", "{} is no axis of a tensor of shape {}", axis, text(x.shape()));
  return static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
}

// Replaces every row along the axis.
OwnedTensor by_rows(const TensorView& x, std::optional<std::int64_t> axis,
                    const std::function<void(std::vector<double>&)>& function) {
  std::vector<double> numbers = to_numbers(x);
  if (!axis) {
    function(numbers);
    return from_numbers(numbers, x.dtype(), x.shape());
  }
  const std::size_t at = checked_axis(x, *axis);
  const auto length = static_cast<std::size_t>(x.shape()[at]);
  const auto step = static_cast<std::size_t>(dense_strides(x.shape())[at]);
  std::vector<double> row(length);
  for (std::size_t start = 0; start < numbers.size(); ++start) {
    if (start / step % length != 0) continue;
    for (std::size_t i = 0; i < length; ++i) row[i] = numbers[start + i * step];
    function(row);
    for (std::size_t i = 0; i < length; ++i) numbers[start + i * step] = row[i];
  }
  return from_numbers(numbers, x.dtype(), x.shape());
}

// NaN where the row holds one.
double largest(const std::vector<double>& row) {
  double most = -std::numeric_limits<double>::infinity();
  for (const double v : row) {
    if (std::isnan(v)) return v;
    most = std::max(most, v);
  }
  return most;
}

double log_sum(const std::vector<double>& row, double most) {
  double sum = 0;
  for (const double v : row) sum += std::exp(v - most);
  return std::log(sum);
}

}  // namespace

OwnedTensor softmax(const TensorView& x, std::optional<std::int64_t> axis) {
  return by_rows(x, axis, [](std::vector<double>& row) {
    const double most = largest(row);
    double sum = 0;
    for (double& v : row) sum += v = std::exp(v - most);
    for (double& v : row) v /= sum;
  });
}

OwnedTensor log_softmax(const TensorView& x, std::optional<std::int64_t> axis) {
  return by_rows(x, axis, [](std::vector<double>& row) {
    const double most = largest(row), rest = log_sum(row, most);
    for (double& v : row) v = v - most - rest;
  });
}

OwnedTensor sparsemax(const TensorView& x, std::int64_t axis) {
  return by_rows(x, axis, [](std::vector<double>& row) {
    std::vector<double> sorted = row;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    double sum = 0, tau = 0;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      sum += sorted[i];
      const auto count = static_cast<double>(i + 1);
      if (1 + count * sorted[i] > sum) tau = (sum - 1) / count;
    }
    const bool ordered =
        std::none_of(row.begin(), row.end(), [](double v) { return std::isnan(v); });
    for (double& v : row)
      v = ordered ? std::max(v - tau, 0.0) : std::numeric_limits<double>::quiet_NaN();
  });
}

OwnedTensor glu(const TensorView& x, std::int64_t axis) {
  const std::size_t at = checked_axis(x, axis);
  const std::int64_t length = x.shape()[at];
  if (length % 2 != 0)
    value_error("x", "glu halves axis {}, whose length must be even; the shape is {}", axis,
                text(x.shape()));
  const std::vector<double> numbers = to_numbers(x);
  Dims shape = x.shape();
  shape[at] = length / 2;
  const auto step = static_cast<std::size_t>(dense_strides(x.shape())[at]);
  const std::size_t half = static_cast<std::size_t>(length / 2) * step;
  std::vector<double> out;
  out.reserve(numbers.size() / 2);
  for (std::size_t block = 0; block < numbers.size() && half > 0; block += 2 * half)
    for (std::size_t i = block; i < block + half; ++i)
      out.push_back(numbers[i] / (1 + std::exp(-numbers[i + half])));
  return from_numbers(out, x.dtype(), shape);
}

}  // namespace tconv::frontends

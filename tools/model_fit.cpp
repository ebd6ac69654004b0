#include "tools/model_fit.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "tools/statistics.h"
#include "tools/turns.h"

namespace tconv::tools {
namespace {

// Order within a layer is what choices depend on; the level is what people read.
constexpr double kLevelWeight = 0.2;
// Of |log factor|, in units of the mean error: what explains less is noise.
constexpr double kPrice = 0.01;
constexpr double kMostFactor = 4;

// Mean absolute error of the logarithms.
double error(const std::vector<MeasuredLayer>& layers, const std::vector<double>& numbers,
             const std::vector<double>& start, const Predict& predict) {
  double sum = 0;
  for (const MeasuredLayer& layer : layers) {
    const std::vector<double> predicted = predict(layer, numbers);
    std::vector<double> logs;
    for (std::size_t i = 0; i < predicted.size(); ++i)
      logs.push_back(std::log(predicted[i] / layer.us[i]));
    const double level = median(logs);
    double spread = 0;
    for (const double l : logs) spread += std::abs(l - level);
    sum += spread / static_cast<double>(logs.size()) + kLevelWeight * std::abs(level);
  }
  double price = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (start[i] > 0) price += std::abs(std::log(numbers[i] / start[i]));
  return sum / static_cast<double>(layers.size()) + kPrice * price;
}

}  // namespace

FitQuality quality(const std::vector<MeasuredLayer>& layers, const std::vector<double>& numbers,
                   const Predict& predict) {
  FitQuality q;
  std::vector<double> slower;
  for (const MeasuredLayer& layer : layers) {
    const std::vector<double> predicted = predict(layer, numbers);
    q.rank_correlation += rank_correlation(predicted, layer.us);
    const auto choice = static_cast<std::size_t>(
        std::min_element(predicted.begin(), predicted.end()) - predicted.begin());
    slower.push_back(layer.us[choice] / *std::min_element(layer.us.begin(), layer.us.end()));
  }
  q.layers = layers.size();
  if (layers.empty()) return q;
  q.rank_correlation /= static_cast<double>(layers.size());
  q.slower = geometric_mean(slower);
  return q;
}

std::vector<double> fit_numbers(const std::vector<MeasuredLayer>& layers,
                                const std::vector<double>& start, const Predict& predict) {
  std::vector<double> numbers = start;
  if (layers.empty()) return numbers;
  double best = error(layers, numbers, start, predict);
  for (double step = 1.4; step > 1.02; step = std::sqrt(step)) {
    for (bool better = true; better;) {
      better = false;
      for (std::size_t i = 0; i < numbers.size(); ++i) {
        if (start[i] <= 0) continue;  // what the machine does not have
        for (const double factor : {step, 1 / step}) {
          const double before = numbers[i], moved = before * factor / start[i];
          if (moved > kMostFactor || moved < 1 / kMostFactor) continue;
          numbers[i] = before * factor;
          const double now = error(layers, numbers, start, predict);
          if (now < best * (1 - 1e-4)) {
            best = now, better = true;
          } else {
            numbers[i] = before;
          }
        }
      }
    }
  }
  return numbers;
}

std::size_t fold_of(const std::string& problem, std::size_t folds) {
  std::uint64_t hash = 1469598103934665603U;  // FNV-1a
  for (const char c : problem) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return static_cast<std::size_t>((hash ^ (hash >> 32)) % folds);
}

CrossValidation cross_validate(const std::vector<MeasuredLayer>& layers,
                               const std::vector<double>& start, const Predict& predict,
                               std::size_t folds) {
  CrossValidation result;
  result.before = quality(layers, start, predict);
  std::vector<double> slower;
  for (std::size_t fold = 0; fold < folds; ++fold) {
    std::vector<MeasuredLayer> seen, unseen;
    for (const MeasuredLayer& l : layers)
      (fold_of(l.problem, folds) == fold ? unseen : seen).push_back(l);
    if (unseen.empty() || seen.empty()) continue;
    const FitQuality q = quality(unseen, fit_numbers(seen, start, predict), predict);
    const auto count = static_cast<double>(q.layers);
    result.after.rank_correlation += q.rank_correlation * count;
    slower.insert(slower.end(), q.layers, q.slower);
    result.after.layers += q.layers;
  }
  if (result.after.layers == 0) return result;
  result.after.rank_correlation /= static_cast<double>(result.after.layers);
  result.after.slower = geometric_mean(slower);
  return result;
}

}  // namespace tconv::tools

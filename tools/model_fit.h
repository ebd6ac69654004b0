// The cost model's numbers, fitted to plans that were measured (docs/tuning.md).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace tconv::tools {

struct MeasuredLayer {
  std::string name, problem;
  std::vector<std::string> plans;
  std::vector<double> us;  // measured, of each plan
};

// Predictions of a layer's plans with these numbers.
using Predict =
    std::function<std::vector<double>(const MeasuredLayer&, const std::vector<double>& numbers)>;

// How good predictions are: means over layers.
struct FitQuality {
  std::size_t layers = 0;
  double rank_correlation = 0;  // Spearman's, of the plans of a layer
  double slower = 1;            // measured: the best prediction's time by the best time; geometric
};
FitQuality quality(const std::vector<MeasuredLayer>& layers, const std::vector<double>& numbers,
                   const Predict& predict);

// Each number gets a factor, such that predictions of one layer stand to each other as the measured
// times do, and, with less weight, are right. By coordinate descent from `start`; a factor that
// explains nothing stays 1, and none leaves 1/4 to 4.
std::vector<double> fit_numbers(const std::vector<MeasuredLayer>& layers,
                                const std::vector<double>& start, const Predict& predict);

// What a fit does to layers that it has not seen: they are dealt out among `folds` by a hash of
// their problem, and each fold is judged with what was fitted to the others.
struct CrossValidation {
  FitQuality before, after;
};
CrossValidation cross_validate(const std::vector<MeasuredLayer>& layers,
                               const std::vector<double>& start, const Predict& predict,
                               std::size_t folds);

// The same on every machine and in every version.
std::size_t fold_of(const std::string& problem, std::size_t folds);

}  // namespace tconv::tools

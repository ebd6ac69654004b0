// One side of a comparison: a file of results, or several of the same thing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "tools/results_file.h"

namespace tconv::tools {

// What must be the same for two measurements to be compared: the layer, and the plan of a sweep.
// Threads, ISA, backend and the model's plan may be what was changed.
using LayerKey =
    std::tuple<std::string, std::string, std::string, std::int64_t, std::int64_t, std::string, int>;

// What one value of a sample is. Rounds follow each other at once, so that they do not show what
// the machine does from one minute to the next; passes and files do.
enum class Unit { rounds, passes, files };

struct Sample {
  Measured layer;                 // of the first file that has it
  std::vector<double> values_us;  // the medians of the files or passes, or the rounds
  double us = 0;                  // the median of the medians; 0: it failed somewhere
};

struct Side {
  explicit Side(const std::string& files);  // paths, separated by commas. Throws UsageError

  Unit unit() const;  // passes: of every layer

  std::vector<std::string> paths;
  std::vector<Json> machines;
  std::map<LayerKey, Sample> layers;
};

// What of these machines differs, the peaks of each isa by more than 5%: [{what, old, new}].
Json machine_changes(const Side& old_side, const Side& new_side);

}  // namespace tconv::tools

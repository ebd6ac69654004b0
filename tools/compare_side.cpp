#include "tools/compare_side.h"

#include <algorithm>
#include <sstream>

#include "tools/command.h"
#include "tools/turns.h"

namespace tconv::tools {
namespace {

constexpr double kSamePeak = 1.05;  // clocks move that much from one minute to the next

void add_machine_changes(const Node& a, const Node& b, Json& changes) {
  const auto add = [&](const std::string& what, const Json& was, const Json& is) {
    for (const Json& c : changes)
      if (c["what"] == what) return;
    changes.push_back({{"what", what}, {"old", was}, {"new", is}});
  };
  for (const auto& [key, value] : a.json().items()) {
    const Json other = b.json().value(key, Json());
    const bool rate = key == "fma_gflops" || key.ends_with("_gbs");  // never twice the same
    if (!rate && value != other) add(key, value, other);
  }
  if (!a.has("fma_gflops") || !b.has("fma_gflops")) return;
  const Node old_peaks = a.at("fma_gflops"), new_peaks = b.at("fma_gflops");
  if (!old_peaks.json().is_object()) old_peaks.refuse("an object");
  for (const auto& [isa, peak] : old_peaks.json().items()) {
    if (!new_peaks.has(isa)) continue;
    const double was = old_peaks.at(isa).positive(), is = new_peaks.at(isa).positive();
    if (std::max(is / was, was / is) > kSamePeak) add("fma_gflops of " + isa, was, is);
  }
}

// The rounds where there was one pass.
std::vector<double> pass_medians(const Measured& m) {
  const auto passes = static_cast<std::size_t>(std::max<std::int64_t>(m.passes, 1));
  const std::size_t rounds = m.rounds_us.size() / passes;
  if (passes == 1 || rounds * passes != m.rounds_us.size()) return m.rounds_us;
  std::vector<double> medians;
  for (auto first = m.rounds_us.begin(); first != m.rounds_us.end();
       first += static_cast<std::ptrdiff_t>(rounds))
    medians.push_back(median({first, first + static_cast<std::ptrdiff_t>(rounds)}));
  return medians;
}

}  // namespace

Unit Side::unit() const {
  if (paths.size() > 1) return Unit::files;
  const bool passes = std::all_of(layers.begin(), layers.end(), [](const auto& entry) {
    return !entry.second.layer.error.empty() || entry.second.layer.passes > 1;
  });
  return passes ? Unit::passes : Unit::rounds;
}

Side::Side(const std::string& files) {
  std::istringstream list(files + ",");
  for (std::string path; std::getline(list, path, ',');) {
    if (path.empty()) throw UsageError("--compare: '" + files + "': an empty name of a file");
    paths.push_back(path);
  }
  for (const std::string& path : paths) {
    const Json root = read_results(path, {"tconv-bench-1"});
    const Node file(root, path);
    if (const Node machine = file.at("machine"); !machine.json().is_object())
      machine.refuse("an object");
    machines.push_back(root["machine"]);
    std::map<LayerKey, int> seen;
    for (const Measured& m : measured(file)) {
      LayerKey key{m.name,  m.problem, m.mode == "default" ? "" : m.mode,
                   m.batch, m.length,  m.chosen ? "" : m.plan,
                   0};
      std::get<int>(key) = seen[key]++;  // a layer may be there several times
      const auto [entry, first] = layers.try_emplace(key);
      Sample& sample = entry->second;
      if (first || !m.error.empty()) sample.layer = m;
      if (!m.error.empty()) continue;
      if (paths.size() == 1) {
        sample.values_us = pass_medians(m), sample.us = m.us;
      } else {
        sample.values_us.push_back(m.us);
      }
    }
  }
  for (auto& [key, sample] : layers) {
    if (!sample.layer.error.empty())
      sample.us = 0;
    else if (paths.size() > 1)
      sample.us = median(sample.values_us);
  }
}

Json machine_changes(const Side& old_side, const Side& new_side) {
  Json changes = Json::array();
  for (std::size_t a = 0; a < old_side.paths.size(); ++a)
    for (std::size_t b = 0; b < new_side.paths.size(); ++b)
      add_machine_changes(Node(old_side.machines[a], old_side.paths[a] + ": machine"),
                          Node(new_side.machines[b], new_side.paths[b] + ": machine"), changes);
  return changes;
}

}  // namespace tconv::tools

// fit: the cost model's numbers for this host, from plans that tune or a sweep measured here.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <utility>

#include "tconv/inspect.hpp"
#include "tools/command.h"
#include "tools/json_report.h"
#include "tools/model_fit.h"
#include "tools/temporary_file.h"

namespace tconv::tools {
namespace {

constexpr std::size_t kFolds = 5;
constexpr std::size_t kLeastPlans = 5, kLeastLayers = 10;
constexpr std::size_t kMostPlans = 16;  // of a layer: the fastest, the slowest, and between them
constexpr double kFar = 3;  // times the best: who is so slow is not what choices are between

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw UsageError(fmt::format("{}: {}", path, why));
}

// Layers of a report, by isa.
void read(const std::string& path, const std::string& isa, std::vector<MeasuredLayer>& layers) {
  std::ifstream file(path);
  if (!file) refuse(path, "cannot be read");
  Json report;
  try {
    report = Json::parse(file);
    const std::string schema = report.at("schema");
    if (schema != "tconv-tune-1" && schema != "tconv-bench-1")
      refuse(path, "schema '" + schema + "': tconv-tune-1 or tconv-bench-1 is expected");
    const Json& machine = report.at("machine");
    const HostInfo& host = host_info();
    const Json here = machine_json(nullptr);
    for (const char* key : {"cpuid", "l1_bytes", "l2_bytes", "l3_bytes"})
      if (machine.at(key) != here.at(key))
        refuse(path, fmt::format("measured where {} is {}, here it is {}", key,
                                 machine.at(key).dump(), here.at(key).dump()));
    for (const Json& row : report.at("results")) {
      if (!row.contains("plans") || row.value("threads", 1) != 1 ||
          row.value("isa", host.isa) != isa)
        continue;
      MeasuredLayer layer;
      layer.name = row.at("name"), layer.problem = row.at("problem");
      std::vector<std::pair<double, std::string>> plans;
      for (const Json& p : row.at("plans"))
        if (const double us = p.at("us"); us > 0) plans.emplace_back(us, p.at("plan"));
      std::sort(plans.begin(), plans.end());
      std::erase_if(plans, [&, best = plans.empty() ? 0 : plans.front().first](const auto& p) {
        return p.first > kFar * best;
      });
      const std::size_t count = std::min(plans.size(), kMostPlans);
      for (std::size_t i = 0; i < count; ++i) {
        const auto& [us, plan] = plans[count == 1 ? 0 : i * (plans.size() - 1) / (count - 1)];
        layer.plans.push_back(plan);
        layer.us.push_back(us);
      }
      if (layer.plans.size() >= kLeastPlans) layers.push_back(std::move(layer));
    }
  } catch (const nlohmann::json::exception& e) {
    refuse(path, fmt::format("no report of tune or of bench --sweep: {}", e.what()));
  }
}

Json row(const FitQuality& q) {
  return {{"layers", q.layers}, {"rank_correlation", q.rank_correlation}, {"slower", q.slower}};
}

}  // namespace

int cmd_fit(const Command& command) {
  Options options;
  options.machine = command.options.machine.empty() ? "table" : command.options.machine;
  options.isa = command.options.isa;
  const MachineReport base = machine_report(options);
  options.isa = base.isa;
  std::vector<MeasuredLayer> layers;
  for (const std::string& path : command.case_files) read(path, base.isa, layers);
  if (layers.size() < kLeastLayers)
    throw UsageError(fmt::format("fit: {} layer(s) with {} plans or more on {}; {} are needed",
                                 layers.size(), kLeastPlans, base.isa, kLeastLayers));
  const std::string& path = command.files.output;
  std::optional<TemporaryFile> file;  // before the fit: the path may be wrong
  if (!path.empty()) file.emplace(path);

  std::vector<double> start;
  for (const MachineNumber& n : base.numbers) start.push_back(n.value);
  const Predict predict = [&](const MeasuredLayer& layer, const std::vector<double>& values) {
    std::vector<MachineNumber> numbers = base.numbers;
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i].value = values[i];
    return predict_plans(layer.problem, layer.plans, numbers, options);
  };
  const CrossValidation unseen = cross_validate(layers, start, predict, kFolds);
  const std::vector<double> fitted = fit_numbers(layers, start, predict);
  const FitQuality seen = quality(layers, fitted, predict);

  JsonReport report("fit");
  if (!command.json)
    fmt::print("{:30} {:>10} {:>10} {:>7}\n", base.isa, base.source, "fitted", "factor");
  std::vector<MachineNumber> numbers = base.numbers;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i].value = fitted[i];
    report.add(
        {{"isa", base.isa}, {"name", numbers[i].name}, {"before", start[i]}, {"after", fitted[i]}});
    if (!command.json)
      fmt::print("{:30} {:>10.4g} {:>10.4g} {:>7.2f}\n", numbers[i].name, start[i], fitted[i],
                 start[i] > 0 ? fitted[i] / start[i] : 1.0);
  }
  const bool good = unseen.after.slower <= unseen.before.slower &&
                    unseen.after.rank_correlation >= unseen.before.rank_correlation;
  const bool stores = file && (good || command.force);
  if (stores) {
    for (const std::string& isa : host_info().isas) {  // a file has all of them
      if (isa == base.isa) continue;
      Options other = options;
      other.isa = isa;
      for (const MachineNumber& n : machine_report(other).numbers) numbers.push_back(n);
    }
    const std::string text = machine_file_text(
        numbers,
        fmt::format("fitted to {} layers on {}, tconv {}\nlayers that the fit did not see: "
                    "rank correlation {:.3f} before, {:.3f} after; choices {:.3f} times "
                    "the best plan's time before, {:.3f} after\n",
                    layers.size(), base.isa, version(), unseen.before.rank_correlation,
                    unseen.after.rank_correlation, unseen.before.slower, unseen.after.slower));
    file->write(text.data(), text.size());
    file->commit();
  }
  report.set("unseen", {{"before", row(unseen.before)}, {"after", row(unseen.after)}});
  report.set("seen", row(seen));
  report.set("file", stores ? Json(path) : Json());
  const std::string verdict =
      stores ? "; TCONV_MACHINE=" + path + " makes plans with it"
      : path.empty()
          ? "; not stored (-o FILE stores it)"
          : "; NOT STORED: layers that the fit did not see get worse (--force stores it)";
  finish(report, command.json,
         fmt::format("fit: {} layer(s); on those that it did not see: rank correlation {:.3f} -> "
                     "{:.3f}, choices {:.3f} -> {:.3f} times the best plan's time{}",
                     layers.size(), unseen.before.rank_correlation, unseen.after.rank_correlation,
                     unseen.before.slower, unseen.after.slower, verdict));
  return file && !stores ? kWrong : kRight;
}

}  // namespace tconv::tools

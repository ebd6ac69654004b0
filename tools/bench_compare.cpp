#include "tools/bench_compare.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/compare_side.h"
#include "tools/statistics.h"
#include "tools/turns.h"

namespace tconv::tools {
namespace {

const char* name_of(Unit unit) {
  return unit == Unit::files ? "files" : unit == Unit::passes ? "passes" : "rounds";
}

// Percent. The same program twice on a busy machine (docs/report.md): between two single passes
// times move that much and more, the medians of five passes hardly.
double default_margin(Unit unit) { return unit == Unit::rounds ? 25 : 5; }

std::string changed_options(const Measured& a, const Measured& b) {
  std::string text;
  const auto say = [&](const char* what, const auto& x, const auto& y) {
    if (x != y) text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", what, x, y);
  };
  say("plan", a.plan, b.plan), say("isa", a.isa, b.isa), say("backend", a.backend, b.backend);
  say("threads", a.threads, b.threads);
  return text;
}

Json row_of(const Measured& m) {
  return {{"name", m.name},
          {"problem", m.problem},
          {"plan", m.plan},
          {"accuracy", m.mode.empty() ? Json() : Json(m.mode)}};
}

std::string verdict_of(const Sample& a, const Sample& b, const Change& change, const Rule& rule) {
  if (change.verdict == Verdict::faster) return "faster";
  if (change.verdict == Verdict::slower) return "slower";
  return can_differ(a.values_us.size(), b.values_us.size(), rule) ? "same" : "too few";
}

Json compared(const Sample& a, const Sample& b, const Rule& rule) {
  Json row = row_of(b.layer);
  if (a.us == 0 || b.us == 0) {
    row["verdict"] = b.us > 0 ? "works now" : a.us > 0 ? "fails now" : "fails";
    if (b.us == 0) row["error"] = b.layer.error;
    return row;
  }
  const bool sampled = !a.values_us.empty() && !b.values_us.empty();  // else an older file
  const Change change = unpaired_change(a.values_us, b.values_us, rule);
  row["old_us"] = a.us, row["new_us"] = b.us;
  row["ratio"] = sampled ? change.ratio : b.us / a.us;
  row["p"] = sampled ? Json(change.p) : Json();
  row["old_samples"] = a.values_us.size(), row["new_samples"] = b.values_us.size();
  row["changed"] = changed_options(a.layer, b.layer);
  row["verdict"] = verdict_of(a, b, change, rule);
  return row;
}

void print_table(const Json& machine, const std::vector<Json>& rows) {
  const auto shown = [](const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  for (const Json& change : machine)
    fmt::print("the machine differs: {} {} -> {}\n", change["what"].get<std::string>(),
               shown(change["old"]), shown(change["new"]));
  fmt::print("{:32} {:>11} {:>11} {:>7} {:>8}  {:9}  {}\n", "layer", "old us", "new us", "ratio",
             "p", "verdict", "changed");
  for (const Json& row : rows) {
    std::string name = row["name"].get<std::string>();
    if (!row["accuracy"].is_null()) name += " " + row["accuracy"].get<std::string>();
    const auto verdict = row["verdict"].get<std::string>();
    if (!row.contains("ratio")) {
      fmt::print("{:32} {:>40}  {:9}  {}\n", name, "", verdict, row.value("error", ""));
      continue;
    }
    fmt::print("{:32} {:>11.1f} {:>11.1f} {:>7.3f} {:>8}  {:9}  {}\n", name,
               row["old_us"].get<double>(), row["new_us"].get<double>(), row["ratio"].get<double>(),
               row["p"].is_null() ? "-" : fmt::format("{:.1g}", row["p"].get<double>()), verdict,
               row["changed"].get<std::string>());
  }
}

// What needs a look first; those without a ratio before all.
void sort_rows(std::vector<Json>& rows) {
  std::stable_sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
    return a.value("ratio", 1e300) > b.value("ratio", 1e300);
  });
}

std::vector<Json> compare(const Side& old_side, const Side& new_side, const Rule& rule) {
  std::vector<Json> rows;
  const auto only = [&](const Sample& sample, const char* where) {
    rows.push_back(row_of(sample.layer));
    rows.back()["verdict"] = where;
  };
  std::size_t shared = 0;
  for (const auto& [key, sample] : old_side.layers) {
    const auto other = new_side.layers.find(key);
    if (other == new_side.layers.end()) {
      only(sample, "only old");
    } else {
      rows.push_back(compared(sample, other->second, rule)), ++shared;
    }
  }
  for (const auto& [key, sample] : new_side.layers)
    if (old_side.layers.count(key) == 0) only(sample, "only new");
  if (shared == 0)
    throw UsageError(fmt::format("{} and {} have no layer in common", old_side.paths.front(),
                                 new_side.paths.front()));
  return rows;
}

}  // namespace

int bench_compare(const Command& command) {
  const Side old_side(command.bench.compare.at(0)), new_side(command.bench.compare.at(1));
  if ((old_side.paths.size() > 1) != (new_side.paths.size() > 1))
    throw UsageError("--compare: either one file on each side or several on both");
  const Unit unit = std::min(old_side.unit(), new_side.unit());
  const double margin = command.bench.margin > 0 ? command.bench.margin : default_margin(unit);
  const Rule rule{.p = 0.01, .margin = margin / 100};
  std::vector<Json> rows = compare(old_side, new_side, rule);
  const Json machine = machine_changes(old_side, new_side);
  sort_rows(rows);
  if (!command.json) print_table(machine, rows);
  std::vector<double> ratios;
  std::map<std::string, std::size_t> count;
  for (const Json& row : rows) {
    ++count[row["verdict"].get<std::string>()];
    if (row.contains("ratio")) ratios.push_back(row["ratio"].get<double>());
  }
  JsonReport report("compare");
  for (Json& row : rows) report.add(std::move(row));
  const double mean = geometric_mean(ratios), middle = median(ratios);
  report.set("machine_differs", machine);
  report.set(
      "rule",
      {{"test", "Mann-Whitney U"}, {"of", name_of(unit)}, {"p", rule.p}, {"margin", rule.margin}});
  Json totals = {
      {"layers", ratios.size()}, {"geometric_mean_ratio", mean}, {"median_ratio", middle}};
  for (const char* verdict : {"slower", "faster", "same", "too few", "fails now", "works now",
                              "fails", "only old", "only new"})
    totals[verdict] = count[verdict];
  report.set("totals", totals);
  std::string summary = fmt::format(
      "compare: {} layer(s) in both, {} slower, {} faster, {} the same, {} with too few {} to "
      "tell, {} fail now, {} only on one side; {:.3f} times as long in the geometric mean "
      "(slower, faster: p <= {} over {} and more than {:.3g}%)",
      ratios.size(), count["slower"], count["faster"], count["same"], count["too few"],
      name_of(unit), count["fails now"], count["only old"] + count["only new"], mean, rule.p,
      name_of(unit), 100 * rule.margin);
  if (!machine.empty()) summary += "; the machines differ";
  if (unit == Unit::rounds)
    summary += "; one pass each does not show how the machine itself changed: see --passes";
  tools::finish(report, command.json, summary);
  return count["slower"] + count["fails now"] == 0 ? kRight : kWrong;
}

}  // namespace tconv::tools

#include "tools/report_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "tconv/inspect.hpp"
#include "tools/command.h"
#include "tools/report_texts.h"
#include "tools/results_file.h"
#include "tools/shape.h"
#include "tools/statistics.h"

namespace tconv::tools {
namespace {

Json number_or_null(const Node& row, const char* key) {
  return row.has(key) ? Json(row.at(key).number()) : Json();
}

// Folders are of the machine that wrote the page and nobody's business.
std::string file_name(const Node& file) {
  return std::filesystem::path(file.where()).filename().string();
}

// Every tensor once. Older files do not say it, and newer problems may be unknown here.
Json compulsory_bytes(const Node& row) {
  if (row.has("bytes")) return row.at("bytes").count();
  if (row.has("batch") || row.has("length")) return nullptr;
  try {
    const ProblemInfo p = parse_problem(row.at("problem").text());
    const std::int64_t operand = dtype_bytes(p.output_dtype) * p.output_elements;
    std::int64_t bytes = dtype_bytes(p.dtype) * (p.input_elements + p.filter_elements) + operand;
    if (p.bias) bytes += dtype_bytes(p.bias_dtype) * p.oc;
    for (const PostOpInfo& op : p.post)
      if (op.takes_operand) bytes += op.name == "prelu" ? dtype_bytes(p.dtype) * p.oc : operand;
    return bytes;
  } catch (const Error&) {
    return nullptr;
  }
}

// As bench prints it: peers.py writes fields that are at their default, too.
std::string canonical(const std::string& line) {
  try {
    return parse_problem(line).line;
  } catch (const Error&) {
    return line;
  }
}

class Gatherer {
 public:
  void bench(const Node& file);
  void peers(const Node& file);
  void calibrate(const Node& file);
  ReportData finish(std::size_t code_bytes);

 private:
  Json machine(const Node& file);
  Json row(const Node& node);
  void plans(const Node& node, Json& row);
  void text(const Node& node, const char* key, Json& row);
  void add_l1();

  Json runs_ = Json::array(), peers_ = Json::array(), notes_ = Json::array();
  struct FirstLevel {
    std::string cpuid, isa, file;
    double gbs;
  };
  std::vector<FirstLevel> first_levels_;
  ReportTexts texts_;
  ReportData data_;
};

Json Gatherer::machine(const Node& file) {
  const Node machine = file.at("machine");
  if (!machine.json().is_object()) machine.refuse("an object");
  Json shown = {{"cpu", machine.text("cpu", "?")},
                {"cpuid", machine.text("cpuid", "")},
                {"core", machine.text("core", "")},
                {"cores", machine.count("cores", 0)},
                {"tconv", machine.text("tconv_version", "?")},
                {"threads", machine.count("measured_threads", 1)},
                {"l1", machine.count("l1_bytes", 0)},
                {"l2", machine.count("l2_bytes", 0)},
                {"l3", machine.count("l3_bytes", 0)},
                {"fma", Json::object()},
                {"roofs", Json::array()}};
  if (machine.has("fma_gflops")) {
    const Node peaks = machine.at("fma_gflops");
    if (!peaks.json().is_object()) peaks.refuse("an object");
    for (const auto& [isa, peak] : peaks.json().items())
      shown["fma"][isa] = peaks.at(isa).positive();
  }
  for (const auto& [level, key] :
       {std::pair{"L2", "l2_read_gbs"}, {"L3", "l3_read_gbs"}, {"DRAM", "dram_read_gbs"}})
    if (machine.has(key) && machine.at(key).number() > 0)
      shown["roofs"].push_back({{"level", level}, {"gbs", machine.at(key).number()}});
  return shown;
}

void Gatherer::text(const Node& node, const char* key, Json& row) {
  if (node.has(key)) row[key] = texts_.add(node.at(key).text());
}

void Gatherer::plans(const Node& node, Json& row) {
  if (!node.has("plans")) return;
  row["plans"] = Json::array();
  for (const Node& plan : node.at("plans").list())
    row["plans"].push_back({{"plan", plan.at("plan").text()},
                            {"us", plan.at("us").positive()},
                            {"predicted_us", number_or_null(plan, "predicted_us")}});
}

Json Gatherer::row(const Node& node) {
  Json row = {{"name", node.at("name").text()},
              {"problem", node.at("problem").text()},
              {"mode", node.text("accuracy", "")}};
  if (node.has("error")) {
    row["error"] = node.at("error").text();
    return row;
  }
  const auto plan = node.at("plan").text();
  row["plan"] = plan;
  row["schedule"] = plan.substr(0, plan.find('('));
  row["isa"] = node.text("isa", "");
  row["backend"] = node.text("backend", "");
  row["threads"] = node.count("threads", 1);
  row["us"] = node.at("us").positive();
  std::vector<double> rounds;
  if (node.has("rounds_us"))
    for (const Node& round : node.at("rounds_us").list()) rounds.push_back(round.positive());
  row["spread"] = rounds.size() < 2 ? Json() : Json(spread(rounds));
  row["rounds"] = node.count("rounds", 0);
  for (const char* key :
       {"gflops", "executed_gflops", "pct_peak", "pct_bandwidth", "predicted_us", "plan_us",
        "verify_us", "emit_us", "compile_us", "code_bytes", "workspace_bytes", "best_us"})
    row[key] = number_or_null(node, key);
  row["bytes"] = compulsory_bytes(node);
  if (node.has("batch")) row["batch"] = node.at("batch").count();
  if (node.has("length")) row["length"] = node.at("length").count();
  text(node, "ir", row);
  text(node, "asm", row);
  if (node.has("asm_missing")) row["asm_missing"] = node.at("asm_missing").text();
  plans(node, row);
  return row;
}

void Gatherer::bench(const Node& file) {
  Json run = {{"file", file_name(file)}, {"machine", machine(file)}, {"rows", Json::array()}};
  for (const Node& node : file.at("results").list()) run["rows"].push_back(row(node));
  if (run["rows"].empty()) file.at("results").refuse("at least one layer");
  data_.layers += run["rows"].size();
  runs_.push_back(std::move(run));
}

void Gatherer::peers(const Node& file) {
  const Node machine = file.at("machine"), versions = machine.at("engines");
  if (!versions.json().is_object()) versions.refuse("an object");
  Json engines = Json::object();
  for (const auto& [label, version] : versions.json().items())
    engines[label] = versions.at(label).text();
  Json set = {{"file", file_name(file)},
              {"cpu", machine.text("cpu", "?")},
              {"threads", machine.count("threads", 1)},
              {"engines", engines},
              {"rows", Json::array()}};
  for (const Node& node : file.at("results").list()) {
    Json row = {{"name", node.at("name").text()},
                {"problem", canonical(node.at("problem").text())},
                {"engines", Json::object()}};
    const Node cells = node.at("engines");
    if (!cells.json().is_object()) cells.refuse("an object");
    for (const auto& [label, json] : cells.json().items()) {
      const Node cell = cells.at(label);
      Json& shown = row["engines"][label];
      shown["us"] = cell.has("us") ? Json(cell.at("us").positive()) : Json();
      for (const char* key : {"how", "error", "disagrees"})
        if (cell.has(key))
          shown[key] = cell.at(key).json().is_string() ? cell.at(key).json() : Json("yes");
    }
    set["rows"].push_back(std::move(row));
  }
  data_.peers += set["rows"].size();
  peers_.push_back(std::move(set));
}

void Gatherer::calibrate(const Node& file) {
  const std::string cpuid = file.at("machine").text("cpuid", "");
  for (const Node& row : file.at("results").list())
    if (row.has("l1_read_gbs"))
      first_levels_.push_back(
          {cpuid, row.at("isa").text(), file_name(file), row.at("l1_read_gbs").positive()});
}

// bench does not measure L1, calibrate does, with one thread: never mixed between machines.
void Gatherer::add_l1() {
  std::vector<std::string> used;
  for (Json& run : runs_) {
    Json& machine = run["machine"];
    const Json& first = run["rows"].front();
    for (const FirstLevel& l1 : first_levels_) {
      if (l1.cpuid != machine["cpuid"] || machine["threads"] != 1 ||
          l1.isa != first.value("isa", ""))
        continue;
      machine["roofs"].insert(machine["roofs"].begin(),
                              Json{{"level", "L1"}, {"gbs", l1.gbs}, {"file", l1.file}});
      used.push_back(l1.file);
      break;
    }
  }
  for (const FirstLevel& l1 : first_levels_)
    if (std::find(used.begin(), used.end(), l1.file) == used.end()) {
      notes_.push_back(l1.file +
                       ": its L1 bandwidth is of another machine or ISA than the layers, or they "
                       "ran with several threads; it is not shown");
      used.push_back(l1.file);
    }
}

ReportData Gatherer::finish(std::size_t code_bytes) {
  add_l1();
  data_.cut = texts_.fit(code_bytes);
  data_.page = {{"version", version()},
                {"runs", std::move(runs_)},
                {"peers", std::move(peers_)},
                {"texts", texts_.list()},
                {"notes", std::move(notes_)}};
  return std::move(data_);
}

}  // namespace

ReportData report_data(const std::vector<std::string>& paths, std::size_t code_bytes) {
  Gatherer gatherer;
  for (const std::string& path : paths) {
    const Json root = read_results(path, {"tconv-bench-1", "tconv-peers-1", "tconv-calibrate-1"});
    const Node file(root, path);
    const auto schema = root["schema"].get<std::string>();
    if (schema == "tconv-bench-1") gatherer.bench(file);
    if (schema == "tconv-peers-1") gatherer.peers(file);
    if (schema == "tconv-calibrate-1") gatherer.calibrate(file);
  }
  ReportData data = gatherer.finish(code_bytes);
  if (data.layers + data.peers == 0)
    throw UsageError(
        "report: none of the files has layers: results of bench or peers.py are needed");
  return data;
}

}  // namespace tconv::tools

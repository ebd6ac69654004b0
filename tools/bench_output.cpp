#include "tools/bench_output.h"

#include <fmt/format.h>

#include <algorithm>

namespace tconv::tools {
namespace {

// Text as RFC 4180 wants it; numbers with all their digits; a list's values by spaces.
std::string cell(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_boolean()) return value.get<bool>() ? "1" : "0";
  if (value.is_array()) {
    std::string list;
    for (const Json& v : value) list += (list.empty() ? "" : " ") + cell(v);
    return list;
  }
  if (!value.is_string()) return value.dump();
  const auto text = value.get<std::string>();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// Columns in the order in which they were first seen.
class Table {
 public:
  void add(const Json& row) {
    for (const auto& [key, value] : row.items())
      if (std::find(columns_.begin(), columns_.end(), key) == columns_.end())
        columns_.push_back(key);
    rows_.push_back(row);
  }
  std::string text() const {
    std::string text = line([](const std::string& column) { return Json(column); });
    for (const Json& row : rows_)
      text += line([&](const std::string& column) { return row.value(column, Json()); });
    return text;
  }

 private:
  template <class Value>
  std::string line(const Value& value) const {
    std::string text;
    for (const std::string& column : columns_)
      text += (text.empty() ? "" : ",") + cell(value(column));
    return text + "\n";
  }
  std::vector<std::string> columns_;
  std::vector<Json> rows_;
};

// A line's columns: those that vary, then the row's numbers and text, then the machine's.
Json flat(const Json& row, const Json& machine) {
  Json line = {{"name", row.at("name")}};
  if (row.contains("vary"))
    for (const auto& [field, value] : row["vary"].items()) line["vary_" + field] = value;
  const bool sweep = row.contains("plans");
  for (const auto& [key, value] : row.items()) {
    const bool of_sweep = key == "rank" || key == "distance" || key == "best" || key == "best_us" ||
                          key == "left_out";
    const bool list = value.is_structured() && key != "rounds_us";
    if (key != "name" && key != "ir" && key != "asm" && !list && !(sweep && of_sweep))
      line[key] = value;
  }
  for (const char* key : {"cpu", "core", "cores", "tconv_version", "ir_version", "measured_threads",
                          "l2_read_gbs", "l3_read_gbs", "dram_read_gbs"})
    line[key] = machine.value(key, Json());
  const Json peaks = machine.value("fma_gflops", Json());
  const std::string isa = row.value("isa", "");
  line["fma_gflops"] = peaks.is_object() ? peaks.value(isa, Json()) : Json();
  return line;
}

}  // namespace

BenchOutput::BenchOutput(const Command& command) : json_(command.json) {
  const BenchWishes& wishes = command.bench;
  if (!wishes.json_file.empty() && wishes.json_file == wishes.csv_file)
    throw UsageError(wishes.csv_file + ": --output and --csv name the same file");
  if (!wishes.json_file.empty()) json_file_.emplace(wishes.json_file);
  if (!wishes.csv_file.empty()) csv_file_.emplace(wishes.csv_file);
}

void BenchOutput::illegal(JsonReport& report, const std::vector<IllegalProblem>& problems) const {
  if (problems.empty()) return;
  Json list = Json::array();
  for (const IllegalProblem& p : problems) {
    list.push_back({{"name", p.name}, {"problem", p.line}, {"reason", p.reason}});
    if (!json_) fmt::print("{:32} is no problem: {}\n", p.name, p.reason);
  }
  report.set("illegal", std::move(list));
}

void BenchOutput::finish(JsonReport& report, const std::string& summary) {
  report.set("summary", summary);
  const auto write = [](std::optional<TemporaryFile>& file, const std::string& text) {
    if (!file) return;
    file->write(text.data(), text.size());
    file->close();
  };
  write(json_file_, report.text());
  write(csv_file_, csv_table(report.root()));
  if (json_file_) json_file_->commit();
  if (csv_file_) csv_file_->commit();
  tools::finish(report, json_, summary);
}

std::string csv_table(const Json& report) {
  Table table;
  for (const Json& row : report.at("results")) {
    const Json line = flat(row, report.at("machine"));
    if (!row.contains("plans")) {
      table.add(line);
      continue;
    }
    for (const Json& plan : row["plans"]) {
      Json of_plan = line;
      // Of a plan that the model did not choose nothing else is known.
      const bool chosen = plan.at("plan") == row.at("plan");
      for (const char* key : {"plan_us", "verify_us", "emit_us", "compile_us", "code_bytes",
                              "workspace_bytes", "pct_bandwidth"})
        if (!chosen) of_plan[key] = nullptr;
      for (const auto& [key, value] : plan.items()) of_plan[key] = value;
      of_plan["chosen"] = chosen;
      table.add(of_plan);
    }
  }
  return table.text();
}

}  // namespace tconv::tools

#include "tools/layers_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "tconv/inspect.hpp"
#include "tools/command.h"

namespace tconv::tools {
namespace {

using Row = std::map<std::string, std::string>;

std::string layout_name(const std::string& layout, std::size_t rank) {
  static const char* const last[] = {"nwc", "nhwc", "ndhwc"};
  static const char* const first[] = {"ncw", "nchw", "ncdhw"};
  return layout == "last" ? last[rank - 1] : first[rank - 1];
}

bool is_post_op(const std::string& line, const std::string& activation) {
  if (activation.empty() || activation.find_first_of(" =") != std::string::npos) return false;
  try {
    const ProblemInfo info = parse_problem(line + " " + activation);
    return info.post.size() == 1 && info.post.front().name == activation;
  } catch (const Error&) {
    return false;
  }
}

std::string problem_line(const Row& row, const std::string& dtype, const std::string& layout,
                         bool fused) {
  const std::string& spatial = row.at("in_spatial");
  const auto rank = static_cast<std::size_t>(std::count(spatial.begin(), spatial.end(), 'x')) + 1;
  if (rank > 3) throw UsageError(fmt::format("in_spatial = '{}' has more than 3 axes", spatial));
  std::string line =
      fmt::format("{} {} n={} g={} ic={} oc={} i={} o={} k={} s={} d={} p={} bias", dtype,
                  layout_name(layout, rank), row.at("batch"), row.at("groups"), row.at("in_ch"),
                  row.at("out_ch"), spatial, row.at("out_spatial"), row.at("kernel"),
                  row.at("stride"), row.at("dilation"), row.at("pad_before"));
  if (fused) {
    const auto activation = row.find("activation");
    if (activation != row.end() && is_post_op(line, activation->second))
      line += " " + activation->second;
  }
  return line;
}

}  // namespace

std::vector<std::string> split_csv(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += '"';
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      fields.emplace_back();
    } else if (c != '\r') {
      fields.back() += c;
    }
  }
  return fields;
}

std::vector<LayerRow> read_layers(const std::string& path, const std::string& dtype,
                                  const std::string& layout, bool fused) {
  std::ifstream file(path);
  if (!file) throw UsageError(fmt::format("--layers {}: cannot be read", path));
  std::string text;
  if (!std::getline(file, text))
    throw UsageError(
        fmt::format("--layers {}: {}", path, file.bad() ? "cannot be read" : "is empty"));
  const std::vector<std::string> columns = split_csv(text);
  for (const char* needed : {"name", "batch", "in_ch", "out_ch", "groups", "in_spatial", "kernel",
                             "stride", "dilation", "pad_before", "out_spatial"})
    if (std::find(columns.begin(), columns.end(), needed) == columns.end())
      throw UsageError(fmt::format("--layers {}: has no column '{}'", path, needed));

  std::vector<LayerRow> layers;
  for (int number = 2; std::getline(file, text); ++number) {
    if (text.empty() || text == "\r") continue;
    const std::vector<std::string> fields = split_csv(text);
    if (fields.size() != columns.size())
      throw UsageError(fmt::format("--layers {}: line {} has {} fields; the header has {}", path,
                                   number, fields.size(), columns.size()));
    Row row;
    for (std::size_t i = 0; i < columns.size(); ++i) row[columns[i]] = fields[i];
    try {
      const std::string line = problem_line(row, dtype, layout, fused);
      layers.push_back({row["name"], parse_problem(line).line});
    } catch (const std::runtime_error& e) {
      throw UsageError(
          fmt::format("--layers {}: line {} ({}): {}", path, number, row["name"], e.what()));
    }
  }
  if (file.bad()) throw UsageError(fmt::format("--layers {}: cannot be read to its end", path));
  if (layers.empty()) throw UsageError(fmt::format("--layers {}: has no rows", path));
  return layers;
}

}  // namespace tconv::tools

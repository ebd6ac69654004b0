#include "tools/results_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <sstream>

#include "tools/command.h"

namespace tconv::tools {
namespace {

std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UsageError(fmt::format("{}: cannot be read: {}", path, std::strerror(errno)));
  std::ostringstream text;
  text << file.rdbuf();
  if (file.bad() || text.fail())  // nothing at all is a failure of <<, too: a folder, an empty file
    throw UsageError(path + ": cannot be read, or is empty");
  return text.str();
}

std::vector<double> rounds(const Node& row) {
  std::vector<double> us;
  if (row.has("rounds_us"))
    for (const Node& round : row.at("rounds_us").list()) us.push_back(round.positive());
  return us;
}

}  // namespace

Json read_results(const std::string& path, const std::vector<std::string>& schemas) {
  Json root;
  try {
    root = Json::parse(read_text(path));
  } catch (const Json::exception& e) {
    throw UsageError(fmt::format("{}: is not JSON, or damaged: {}", path, e.what()));
  }
  std::string known;
  for (const std::string& schema : schemas) known += (known.empty() ? "" : ", ") + schema;
  if (!root.is_object() || !root.contains("schema") || !root["schema"].is_string())
    throw UsageError(fmt::format("{}: has no schema; {} can be read", path, known));
  const auto schema = root["schema"].get<std::string>();
  if (std::find(schemas.begin(), schemas.end(), schema) == schemas.end())
    throw UsageError(
        fmt::format("{}: the schema {} is unknown here; {} can be read", path, schema, known));
  return root;
}

void Node::refuse(const std::string& what) const {
  throw UsageError(fmt::format("{}: {} is needed", where_, what));
}

bool Node::has(const std::string& key) const {
  return value_->is_object() && value_->contains(key) && !(*value_)[key].is_null();
}

Node Node::at(const std::string& key) const {
  if (!value_->is_object()) refuse("an object");
  const bool of_file = where_.find(": ") == std::string::npos;
  Node member(*value_, where_ + (of_file ? ": " : ".") + key);
  if (!value_->contains(key)) member.refuse("a value");
  member.value_ = &(*value_)[key];
  return member;
}

std::vector<Node> Node::list() const {
  if (!value_->is_array()) refuse("a list");
  std::vector<Node> nodes;
  for (std::size_t i = 0; i < value_->size(); ++i)
    nodes.emplace_back((*value_)[i], fmt::format("{}[{}]", where_, i));
  return nodes;
}

std::string Node::text() const {
  if (!value_->is_string()) refuse("text");
  return value_->get<std::string>();
}

double Node::number() const {
  if (!value_->is_number() || !std::isfinite(value_->get<double>())) refuse("a number");
  return value_->get<double>();
}

double Node::positive() const {
  if (!(number() > 0)) refuse("a number above 0");
  return number();
}

std::int64_t Node::count() const {
  const double value = number();
  if (value < 0 || value != std::floor(value) || value > 1e15) refuse("a whole number, 0 or more");
  return static_cast<std::int64_t>(value);
}

std::string Node::text(const std::string& key, const std::string& otherwise) const {
  return has(key) ? at(key).text() : otherwise;
}

std::int64_t Node::count(const std::string& key, std::int64_t otherwise) const {
  return has(key) ? at(key).count() : otherwise;
}

std::vector<Measured> measured(const Node& bench) {
  std::vector<Measured> all;
  for (const Node& row : bench.at("results").list()) {
    Measured m;
    m.name = row.at("name").text(), m.problem = row.at("problem").text();
    m.mode = row.text("accuracy", "");
    m.batch = row.count("batch", 0), m.length = row.count("length", 0);
    if (row.has("error")) {
      m.error = row.at("error").text();
      all.push_back(std::move(m));
      continue;
    }
    m.plan = row.at("plan").text(), m.isa = row.text("isa", ""),
    m.backend = row.text("backend", "");
    m.threads = row.count("threads", 1);
    m.us = row.at("us").positive(), m.rounds_us = rounds(row);
    m.passes = row.count("passes", 1);
    all.push_back(m);
    if (!row.has("plans")) continue;
    for (const Node& plan : row.at("plans").list()) {
      Measured other = m;
      other.plan = plan.at("plan").text(), other.us = plan.at("us").positive();
      other.rounds_us = rounds(plan), other.chosen = false;
      if (other.plan != m.plan) all.push_back(std::move(other));
    }
  }
  return all;
}

}  // namespace tconv::tools

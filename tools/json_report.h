// The object that --json prints: {"schema": "tconv-<verb>-1", "machine": {...}, "results": [...]}.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "tools/measure.h"

namespace tconv::tools {

using Json = nlohmann::ordered_json;  // keys in the order in which they are set

// CPU, ISA, cores, caches, versions; `limits` null: what was not measured is null.
Json machine_json(const Limits* limits);

class JsonReport {
 public:
  explicit JsonReport(const std::string& verb);
  void machine(const Limits& limits);
  void add(Json row) { root_["results"].push_back(std::move(row)); }
  void set(const std::string& key, Json value) { root_[key] = std::move(value); }
  const Json& root() const { return root_; }
  std::string text() const;  // ends in a new line
  void print() const;        // to standard output

 private:
  Json root_;
};

// Writes the one-line summary that ends standard output, or puts it into the report.
void finish(JsonReport& report, bool json, const std::string& summary);

}  // namespace tconv::tools

// Files of results, as `bench`, `calibrate` and bench/peers write them, read again. They may come
// from another version or be damaged: everything that is used of them is checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/json_report.h"

namespace tconv::tools {

// The object in the file, with one of these values in "schema". Throws UsageError that names the
// file and what is wrong.
Json read_results(const std::string& path, const std::vector<std::string>& schemas);

// A part of such an object and where it stands, for messages.
class Node {
 public:
  Node(const Json& value, std::string where) : value_(&value), where_(std::move(where)) {}

  const Json& json() const { return *value_; }
  const std::string& where() const { return where_; }
  bool has(const std::string& key) const;  // and not null
  // Throw UsageError naming the place when it is missing or of another kind.
  Node at(const std::string& key) const;
  std::vector<Node> list() const;
  std::string text() const;
  double number() const;       // finite
  double positive() const;     // above 0
  std::int64_t count() const;  // whole, 0 or more
  // The same of a member; what stands in `otherwise` where it is missing or null.
  std::string text(const std::string& key, const std::string& otherwise) const;
  std::int64_t count(const std::string& key, std::int64_t otherwise) const;
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  const Json* value_;
  std::string where_;  // "a.json: results[3].us"
};

// A layer, or a plan of a sweep, that was timed.
struct Measured {
  std::string name, problem, plan, isa, backend;
  std::string mode;  // accuracy or backend of --modes; empty: there was one
  std::int64_t threads = 1, batch = 0, length = 0;
  std::int64_t passes = 1;        // that the rounds come from, in their order
  double us = 0;                  // 0: it failed
  std::vector<double> rounds_us;  // of each round; empty: the file is older
  std::string error;
  bool chosen = true;  // false: a plan of a sweep that the model did not choose
};

std::vector<Measured> measured(const Node& bench);

}  // namespace tconv::tools

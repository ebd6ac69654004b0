// Plans that were measured (docs/tuning.md): read from text, and found again by what they are for.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "planner/plan.h"
#include "planner/problem.h"
#include "runtime/options.h"
#include "tconv/inspect.hpp"

namespace tconv::runtime {

// A file's text: its entries in their order, and the lines that are none, with the reason. Throws
// Error for another version. `where` names the file in messages.
PlanFile parse_plan_file(const std::string& text, const std::string& where);

// What makes two machines one to a database: isa, CPU features, caches.
std::string machine_key(const std::string& isa);

struct KnownPlan {
  planner::Plan plan;
  int workers = 1;
  double us = 0;
  // It was lowered in this process, so it is legal: the next create need not see. By atomic_ref.
  mutable bool legal = false;
};

class PlanDatabase {
 public:
  // Files separated by ':'; of entries for the same the last counts. Throws Error, with `where`
  // before the file's name.
  PlanDatabase(const std::string& files, const std::string& where);

  // `problem` is a canonical line. Null: there is none. Takes no lock.
  const KnownPlan* find(const std::string& problem, const Settings& settings, int threads) const;

  const std::string& files() const { return files_; }
  std::size_t size() const { return plans_.size(); }
  const std::vector<std::string>& damaged() const { return damaged_; }
  int serial() const { return serial_; }  // another one for each that is read in this process

 private:
  std::string files_;
  std::unordered_map<std::string, KnownPlan> plans_;
  std::vector<std::string> damaged_;
  int serial_;
};

// Of these files, read once per process; lines that are damaged are told to standard error then.
// Throws Error; the next call then tries again. Takes no lock.
const PlanDatabase& plan_database(const std::string& files, const std::string& where);

// What load_plans made the process's, or null.
const PlanDatabase* loaded_plans();

}  // namespace tconv::runtime

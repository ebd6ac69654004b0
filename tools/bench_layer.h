// One layer with its data, as bench times it, and the rows of bench's report.
#pragma once

#include <cstdint>

#include "tools/command.h"
#include "tools/json_report.h"
#include "tools/measure.h"
#include "tools/session.h"
#include "tools/sources.h"
#include "tools/turns.h"

namespace tconv::tools {

struct BenchLayer {
  BenchLayer(const NamedProblem& named, const Command& command);  // borrows `named`
  BenchLayer(const BenchLayer&) = delete;
  BenchLayer& operator=(const BenchLayer&) = delete;

  double gflops(double us) const;         // multiply-adds that land inside the output
  std::int64_t compulsory_bytes() const;  // of all tensors, each moved once: less nobody can do

  const NamedProblem& problem;
  RunSize size;
  Shape shape;  // of this run
  TensorData data;
};

// What is reported of what was made, whose runs took `turns`.
Json bench_row(const BenchLayer& layer, const Options& options, const Inspection& made,
               const Turns& turns, const Limits& limits);

// Puts IR and machine code into the row, as text; null and why where this build cannot.
void add_code(Json& row, const std::string& line, Options options, const std::string& plan);

Json error_row(const NamedProblem& problem, const std::string& what);

double number(const Json& value);  // 0 for null

// The table for people; a row that has an "ok" shows it.
void print_bench_head(bool check);
void print_bench_row(const Json& row, const std::string& name);

}  // namespace tconv::tools

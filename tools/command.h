// What the verbs share: the parsed command line and the exit statuses.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "tconv/tconv.hpp"
#include "tools/run_size.h"

namespace tconv::tools {

// Exit statuses of the program and the scripts.
inline constexpr int kRight = 0, kWrong = 1, kBadInput = 2, kInternal = 3, kInterrupted = 130;

// The user's mistake, in one sentence: exit status 2.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Where problems come from: lines, a CSV of layers, or a seed.
struct Sources {
  std::vector<std::string> lines;
  std::string layers;           // CSV file
  std::string dtype = "f32";    // of CSV rows and random problems
  std::string sum;              // of these: f16 beside f16; empty: the type's
  std::string layout = "last";  // of CSV rows: last, first
  bool fused = false;           // CSV rows keep an activation that is a post-op
  std::int64_t random = 0;
  std::uint64_t seed = 1;
  std::vector<std::string> vary;  // fields of problem lines and their values
};

struct RunFiles {
  std::string input, filter, bias, output;   // NPY
  std::string onnx, node;                    // a model and a node's name in it
  std::string keras, layer;                  // a saved model and a layer's name or path in it
  std::vector<std::string> prelu, add, mul;  // operands, in the order of these post-ops
};

struct AotWishes {
  std::string folder, library = "tconv_kernels", cpu, triple, type, compiler;
  bool force = false;
};

struct BenchWishes {
  int passes = 1;                    // over all layers; each has its rounds
  bool code = false;                 // rows carry IR and machine code
  std::string json_file, csv_file;   // where the results go, too
  std::vector<std::string> compare;  // two files of results; nothing is measured
  std::string sizes;                 // of open problems, each beside a kernel made for it
  double margin = 0;  // compare: percent that are no difference; 0: by what is compared
};

struct ReportWishes {
  std::vector<std::string> files;  // results of bench, peers and calibrate
  std::string page;
  double code_mb = 4;  // at most so much IR and machine code
};

struct Command {
  Sources sources;
  Options options;  // isa, backend, plan, threads, fallback
  bool json = false;
  std::string stage = "plan";           // dump
  RunFiles files;                       // run
  int rounds = 7;                       // bench
  double round_us = 20000;              // bench: at least so long per round
  std::string same_as;                  // check: a backend whose bytes must be the same
  bool check = false;                   // bench: compare with the definition as well
  RunSize size;                         // bench: of problems that leave a size open
  std::string modes;                    // bench: accuracies that take turns, separated by commas
  std::string sweep;                    // bench: fields of plans and their values, or "all"
  int plans = 0;                        // bench --sweep: at most so many; 0: all
  double budget_s = 0;                  // tune: for all layers; 0: so much for each
  std::int64_t trials = 0;              // tune: turns per layer, in place of seconds
  int self_tests = 0;                   // tune: the model's choice against itself
  bool cold = false;                    // tune: caches
  bool only_missing = false;            // tune: what the database has not
  bool perf_map = false;                // bench: names of kernels for profilers
  bool force = false;                   // fit: stores what is worse
  BenchWishes bench;
  ReportWishes report;
  AotWishes aot;                        // aot
  std::vector<std::string> case_files;  // conformance; plans: databases
  bool only_here = false;               // plans: of this machine
};

// Each returns an exit status and throws UsageError or tconv::Error.
int cmd_info(const Command& command);
int cmd_plan(const Command& command);
int cmd_dump(const Command& command);
int cmd_run(const Command& command);
int cmd_check(const Command& command);
int cmd_bench(const Command& command);
int cmd_report(const Command& command);
int cmd_aot(const Command& command);
int cmd_calibrate(const Command& command);
int cmd_conformance(const Command& command);
int cmd_fit(const Command& command);
int cmd_plans(const Command& command);
int cmd_tune(const Command& command);

}  // namespace tconv::tools

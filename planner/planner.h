// Problem -> plans -> IR. Pure: no machine code, no host queries.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/ir.h"
#include "ir/target.h"
#include "planner/accuracy.h"
#include "planner/machine.h"
#include "planner/minimal_filter.h"
#include "planner/plan.h"
#include "planner/problem.h"

namespace tconv::planner {

struct Candidate {
  Plan plan;
  double predicted_us = 0;
};
struct Rejection {
  std::string plan;
  std::string reason;
};
struct PlanSet {
  std::vector<Candidate> candidates;  // legal, best prediction first; never empty
  std::vector<Rejection> rejected;
};

// Refused by name (ProblemError): types and run-time sizes that no schedule has yet.
PlanSet enumerate(const Problem& problem, const Machine& machine,
                  Accuracy accuracy = Accuracy::standard);
// The best candidate only; same choice as enumerate(...).candidates.front().
Candidate choose(const Problem& problem, const Machine& machine,
                 Accuracy accuracy = Accuracy::standard);

// The model's prediction for a legal plan, in microseconds; for one that enumerate lists, the same
// number.
double predict(const Problem& problem, const Plan& plan, const Machine& machine);

// A plan that streams was chosen for the largest size; where the output of a run is not larger than
// this, the plan without streaming stores is faster.
std::int64_t stream_from_bytes(const Problem& problem, const Machine& machine);

// How many of machine.threads pay for this problem: all, or 1 where a fork costs more than it
// saves.
int useful_threads(const Problem& problem, const Machine& machine,
                   Accuracy accuracy = Accuracy::standard);

// ---- lowering
// --------------------------------------------------------------------------------------

// What the kernel's buffers are, in the order of the ABI.
enum class Argument : std::uint8_t { input, filter, bias, output, operand, scratch };
struct ArgumentInfo {
  Argument kind = Argument::input;
  int operand = 0;         // which post-op operand, counting those that take one
  std::int64_t bytes = 0;  // that the kernel may touch
  int align = 0;           // required alignment in bytes (streaming stores); 0 = none
};

// Layout of the packed filter: an array of `dims`, row-major. The element at packed index x is the
// filter element whose coordinates are the forms below evaluated at x, or 0 where one is out of
// range.
struct PackedFilter {
  ir::DType dtype = ir::DType::f32;
  std::vector<std::int64_t> dims = {};
  // (constant + sum of coeffs[i] * x[i]) / divide, then % modulo where modulo > 0, then
  // + base_constant + sum of base[i] * x[i]; base is empty or has no part of the last dimension.
  struct Form {
    std::int64_t constant = 0;
    std::vector<std::int64_t> coeffs;
    std::int64_t divide = 1, modulo = 0;
    std::int64_t base_constant = 0;
    std::vector<std::int64_t> base = {};
    // The packed index of one of `rank` dimensions.
    static Form index(std::size_t rank, std::size_t dimension) {
      Form f{.constant = 0, .coeffs = std::vector<std::int64_t>(rank, 0)};
      f.coeffs[dimension] = 1;
      return f;
    }
    bool operator==(const Form&) const = default;
  };
  Form group = {}, oc = {}, ic = {};  // oc and ic inside the group
  std::vector<Form> taps = {};        // per axis with k > 1
  // Minimal filtering: dimension `dimension` holds points, G times the taps that the forms name
  // when its index runs over 0..G.columns. Computed in float64, rounded once.
  struct Transform {
    std::size_t dimension = 0;
    Matrix G;
    bool operator==(const Transform&) const = default;
  };
  std::vector<Transform> transforms = {};
  std::vector<PackedFilter> more = {};  // further arrays of the same filter, one after the other
  bool operator==(const PackedFilter&) const = default;
};
std::int64_t packed_bytes(const PackedFilter& layout);
std::string print(const PackedFilter& layout);
// Reads `filter` in the problem's filter layout and writes packed_bytes(layout).
void pack(const Problem& problem, const PackedFilter& layout, const void* filter, void* packed);

struct Lowered {
  ir::Program program;
  PackedFilter filter;
  std::vector<ArgumentInfo> arguments;
  // Padding zeros are multiplied by weights: with a filter that holds infinities or NaN the
  // twin plan (same problem, no such products) must be used instead.
  bool needs_finite_filter = false;
};

using Dump = std::function<void(const std::string& step, const std::string& text)>;

// Throws PlanError when the plan is not legal for the problem.
Lowered lower(const Problem& problem, const Plan& plan, const ir::Target& target,
              const Dump& dump = {});

// The plan for filters with non-finite values: computes every product of the definition and no
// other.
Plan finite_twin(const Problem& problem, const Plan& plan, const Machine& machine);

}  // namespace tconv::planner

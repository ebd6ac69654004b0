// What tconv knows and decided, as text and numbers: for tools, benches and tests. Slower than the
// API of tconv.hpp and not meant for production paths. All functions are thread-safe and throw
// Error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tconv/export.h"
#include "tconv/tconv.hpp"

namespace tconv {

// ---- problems
// --------------------------------------------------------------------------------------

struct AxisInfo {
  std::int64_t input = 0, output = 0, kernel = 1, stride = 1, dilation = 1, crop = 0;
};
struct PostOpInfo {
  std::string name;     // as in the problem line
  double a = 0, b = 0;  // parameters, 0 where it has none
  bool takes_operand = false;
  double c = 0;  // the third parameter
};
// A problem line, parsed and checked. Channels are totals over the groups.
struct ProblemInfo {
  std::string line;                             // canonical
  std::string dtype, sum_dtype, output_dtype, bias_dtype;  // f32 f64 f16 bf16 i32
  bool channels_last = true;
  bool torch_filter = false;  // [ic, oc/g, k..] instead of [k.., oc/g, ic]
  std::int64_t n = 1, g = 1, ic = 1, oc = 1;
  // > 0: the batch (n_min..n) or the length of the only axis (i_min..axes[0].input) is known only
  // when it runs; everything else here is said of the largest.
  std::int64_t n_min = 0, i_min = 0;
  std::vector<AxisInfo> axes;                                    // outermost first
  std::int64_t input_pixel_stride = 0, output_pixel_stride = 0;  // elements; ic and oc when dense
  bool bias = false;
  std::vector<PostOpInfo> post;
  // From a tensor's first to its last element, pixel strides included.
  std::int64_t input_elements = 0, filter_elements = 0, output_elements = 0;
  double multiply_adds = 0;  // those that land inside the output
};
TCONV_API ProblemInfo parse_problem(const std::string& line);

// Bytes of one element of a type by its name.
TCONV_API int dtype_bytes(const std::string& dtype);

// ---- plans
// -----------------------------------------------------------------------------------------

struct PlanCandidate {
  std::string plan;
  double predicted_us = 0;
};
struct PlanRejection {
  std::string plan, reason;
};
struct PlanReport {
  std::string chosen;
  std::string note;  // what the plan database said; empty: it has nothing, or is not used
  std::vector<PlanCandidate> candidates;  // legal, best prediction first
  std::vector<PlanRejection> rejected;
};
// Compiles nothing, so the isa need not be the host's. A plan that was named is the chosen one, or
// refused when it is not legal for the problem.
TCONV_API PlanReport plan_report(const std::string& problem, const Options& options = {});

// What named plans would be on this problem.
struct PlanVerdict {
  std::string plan;    // canonical text
  std::string reason;  // why it is not legal; empty: it is
  double predicted_us = 0;
  // In which order products are added: plans of one problem with the same text give the same bits.
  // Empty: the definition's.
  std::string order;
};
// One verdict for each of `plans`, in their order; `options.plan` is not looked at. Lowers each and
// compiles nothing. Throws Error for a text that is no plan.
TCONV_API std::vector<PlanVerdict> judge_plans(const std::string& problem,
                                               const std::vector<std::string>& plans,
                                               const Options& options = {});

// ---- plan databases (docs/tuning.md)
// -----------------------------------------------------------------------------------------

// A plan that was measured: a line of a plan database.
struct PlanEntry {
  std::string problem;  // canonical line
  std::string machine;  // of plan_machine()
  std::string accuracy = "default";  // or exact-order
  int threads = 1;                   // that were asked for
  int workers = 1;                   // that shared a run
  std::string plan;                  // canonical text
  double us = 0;                     // of a run
  std::string version;               // of the tconv that measured
};
struct PlanFile {
  std::vector<PlanEntry> entries;
  std::vector<std::string> damaged;  // a sentence for each line that is no entry, with its number
};
// `where` names the file in messages. Throws Error for a text of another version.
TCONV_API PlanFile parse_plan_file(const std::string& text, const std::string& where);
TCONV_API std::string plan_file_text(const std::vector<PlanEntry>& entries);
// What entries of this host say of their machine: isa, CPU features, caches.
TCONV_API std::string plan_machine(const std::string& isa);

// ---- what was compiled
// -----------------------------------------------------------------------------

struct Inspection {
  std::string plan, isa, backend;
  int threads = 1;              // that were asked for
  int workers = 1;              // that share a run: 1 where a fork costs more than it saves
  // By how much the error bound of a plain sum of products grows (docs/accuracy.md); 1 but for
  // minimal filtering.
  double error_factor = 1;
  std::string plan_note;  // what the plan database said; empty: it has nothing, or is not used
  // Not empty: backend=auto had to go on to another backend; each one that could not, and why.
  std::string fallback_reason;
  double plan_us = 0, lower_us = 0, verify_us = 0, emit_us = 0;
  double compile_us = 0;  // all of create, from the problem line on
  std::int64_t code_bytes = 0;
  std::int64_t workspace_bytes = 0;
  std::int64_t grid_points = 0;
  double executed_multiply_adds =
      0;  // lanes of every fma that a run executes, padding and idle lanes included
  // Of problems whose size is known only when they run: the last two are those of the largest.
};
TCONV_API Inspection inspect(const ConvTranspose& op);

// The lowered program and its machine code as text. `problem` need not fit the host for ir_text.
// The first code_text opens libtconv_disassembler.so; where there is none, Error(unsupported) names
// the places that were looked at.
TCONV_API std::string ir_text(const std::string& problem, const Options& options = {});
TCONV_API std::string code_text(const ConvTranspose& op);

// The program in LLVM's language, before its passes: of any isa, whatever the host runs. The first
// call opens libtconv_llvm.so, as code_text does its part.
TCONV_API std::string llvm_text(const std::string& problem, const Options& options = {});

// How often backend=auto had to go on to the next backend in this process, from xbyak to llvm or to
// the interpreter.
TCONV_API std::int64_t fallback_count();

// ---- host
// ------------------------------------------------------------------------------------------

struct HostInfo {
  std::string cpu;                    // brand string
  std::string cpuid;                  // vendor family.model.stepping
  std::string core;                   // its entry in the machine table; generic: it has none
  std::string isa;                    // what create chooses
  std::vector<std::string> isas;      // that this host runs
  std::vector<std::string> features;  // of the CPU, that plans or emitters look at
  std::vector<std::string> backends;  // llvm: its part lies beside the library
  // Who runs the workers of threads=N when a run brings no parallel_for. Empty: the library was
  // built without oneTBB, and the calling thread does it alone.
  std::string pool;
  int cores = 1;                                          // that this process may use
  std::int64_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0;  // data caches; l3 is shared
};
TCONV_API const HostInfo& host_info();

// A number of the machine that plans are made for (docs/machine.md).
struct MachineNumber {
  std::string isa, name;
  double value = 0;
};
struct MachineReport {
  std::string isa;
  std::string source;  // "table CORE", or the machine file
  std::vector<MachineNumber> numbers;
};
TCONV_API MachineReport machine_report(const Options& options = {});
// What the model predicts for plans that are legal, on a machine with these numbers, all of the
// isa of `options`. Throws Error.
TCONV_API std::vector<double> predict_plans(const std::string& problem,
                                            const std::vector<std::string>& plans,
                                            const std::vector<MachineNumber>& numbers,
                                            const Options& options = {});
// The text of a machine file of this host. All numbers of one or several isas, those of each
// together; lines of `comment` become comments. Throws Error for numbers that are missing, unknown
// or impossible.
TCONV_API std::string machine_file_text(const std::vector<MachineNumber>& numbers,
                                        const std::string& comment);

TCONV_API std::string version();  // of tconv
TCONV_API int ir_version();

}  // namespace tconv

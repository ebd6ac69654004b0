// tconv, C++ API. Shapes and layouts of the tensors are those of tconv.h; the problem line is
// described in docs/problem.md and the options in docs/options.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tconv/export.h"

namespace tconv {

namespace runtime {
class Operation;
}

enum class Status { invalid_argument = 1, unsupported = 2, out_of_memory = 3, internal = 4 };

// Everything that the API throws. invalid_argument: the caller's mistake, what() says which
// argument, what was given and what is allowed. unsupported: this host or build cannot. internal: a
// mistake of tconv.
class TCONV_API Error : public std::runtime_error {
 public:
  Error(Status status, const std::string& what) : std::runtime_error(what), status_(status) {}
  ~Error() override;
  Status status() const { return status_; }

 private:
  Status status_;
};

// A field left empty (threads: 0) comes from the environment, then from the model.
struct TCONV_API Options {
  int threads = 0;
  std::string isa;       // avx512, avx2, sse2; neon128: AArch64
  std::string backend;   // auto, xbyak, llvm, interpreter
  std::string plan;      // a plan's text, as direct(mr=14,nr=2)
  std::string accuracy;  // default; exact-order: products are added in the definition's order, the
                         // same bits on every isa (docs/accuracy.md)
  std::string machine;   // a file that `tconv calibrate` wrote on this host (docs/machine.md), or
                         // table: the built-in numbers
  std::string plans;     // plan databases that `tconv tune` wrote, separated by ':'
                         // (docs/tuning.md), or none: the model's choices
  std::string fallback;  // none, interpreter: what backend=auto may do when code cannot be compiled

  // "threads=1 backend=xbyak ..."; throws Error.
  static Options parse(std::string_view text);
};

struct ConstTensor {
  const void* data = nullptr;
  std::size_t bytes = 0;
};
struct Tensor {
  void* data = nullptr;
  std::size_t bytes = 0;
};

// The caller's own threads. The function must call task(task_context, i) exactly once for every i
// in 0..tasks, in any order and on any threads, and return when all of them are done. It is called
// once for each stage of the plan, and not at all where one worker does the work. If it leaves a
// task out, runs one twice or throws, the run throws Error (invalid_argument, with the exception
// nested), the output's contents are undefined, and no task that has begun goes on after the run
// has ended. One that begins after the function has returned cannot be caught.
struct ParallelFor {
  using Task = void (*)(void* task_context, std::int32_t index);
  using Function = void (*)(void* context, std::int32_t tasks, Task task, void* task_context);
  Function function = nullptr;  // null: the library's own threads
  void* context = nullptr;
};

struct RunArgs {
  ConstTensor input;
  ConstTensor packed_filter;
  ConstTensor bias;  // empty exactly when the problem has none
  Tensor output;
  std::span<const ConstTensor> operands;  // of prelu ([oc]), add and mul (the output's shape), in
                                          // order; of the input's type, dense
  Tensor workspace;                       // empty: one is allocated for this call
  std::int64_t batch = 0;   // images of this run, inside lo..hi for problems with n=lo..hi;
                            // otherwise 0 or the problem's n
  std::int64_t length = 0;  // input positions of this run, inside lo..hi for problems with
                            // i=lo..hi; otherwise 0 or, with one spatial axis, the problem's i
  ParallelFor parallel_for;
};

// One problem, planned and compiled. A value that shares its immutable insides: cheap to copy, and
// every member may be called from many threads at once.
class TCONV_API ConvTranspose {
 public:
  // Throws Error. A backend or isa that was named is used or refused, never replaced. A problem
  // that was made before comes out of the kernel cache: equal problems and options share their
  // insides.
  static ConvTranspose create(const std::string& problem, const Options& options = {});

  std::size_t packed_filter_bytes() const;
  // `filter` in the problem's layout, `packed` of packed_filter_bytes(). Throws Error.
  void pack(const void* filter, void* packed) const;
  // For a packed filter that was stored or packed with another operation: checks that it has this
  // layout, and compiles what its runs need beyond this operation's own code (a filter that holds
  // infinities or NaN takes another plan). Without it the first run with such a filter compiles; no
  // other run does. Throws Error.
  void prepare(ConstTensor packed) const;
  // Operations with the same text may share packed filters.
  std::string packed_layout() const;

  // Fixed at create, for the largest size and all workers.
  std::size_t workspace_bytes() const;

  // output = conv_transpose(input, filter) + bias, then the post-ops. Arguments are checked first:
  // Error, and nothing was read or written. Each concurrent call needs a workspace of its own. With
  // a workspace, and one thread or the caller's parallel_for, the call neither allocates, locks nor
  // makes a system call.
  void run(const RunArgs& args) const;
  // Sizes are taken as the problem's; for problems whose post-ops take no operand and whose sizes
  // are fixed.
  void run(const void* input, const void* packed, const void* bias, void* output,
           void* workspace = nullptr) const;

  // One line: plan, isa, backend, threads, code bytes, compile microseconds.
  const std::string& describe() const;

  const runtime::Operation& operation() const { return *operation_; }  // for inspect.hpp

 private:
  explicit ConvTranspose(std::shared_ptr<const runtime::Operation> operation);
  std::shared_ptr<const runtime::Operation> operation_;
};

struct PlansLoaded {
  std::size_t entries = 0;
  std::vector<std::string> damaged;  // a sentence for each line that was skipped
};
// Reads plan databases, files separated by ':', for every create from now on that names no other
// (Options::plans); before TCONV_PLANS. Files that were read before are read anew. "": none. Throws
// Error for a file that cannot be read or is of another version, and changes nothing. Thread-safe.
TCONV_API PlansLoaded load_plans(const std::string& files);

// What create did in this process. A create that waits while another thread compiles the same is a
// miss without a compile; one that fails is no compile.
struct KernelCacheCounters {
  std::int64_t hits = 0, misses = 0, compiles = 0, evictions = 0;
  std::int64_t bytes = 0, entries = 0;  // kept now: pages of code and the programs behind them
  std::int64_t limit_bytes = 0;
};
TCONV_API KernelCacheCounters kernel_cache_counters();  // thread-safe

// How much the cache of this process may keep, 64 MiB unless said otherwise. What was used longest
// ago goes first; operations that are in use live on. 0 keeps nothing. Throws Error for a negative
// number. Thread-safe.
TCONV_API void set_kernel_cache_limit(std::int64_t bytes);

}  // namespace tconv

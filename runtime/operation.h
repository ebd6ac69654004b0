// One problem, planned and compiled: the insides of tconv::ConvTranspose and of tconv_op.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

#include "planner/planner.h"
#include "runtime/arguments.h"
#include "runtime/executable.h"
#include "runtime/kernel_cache.h"
#include "runtime/options.h"
#include "runtime/parallel.h"
#include "tconv/tconv.hpp"

namespace tconv::runtime {

struct CompileTimes {
  double plan_us = 0, lower_us = 0, verify_us = 0, emit_us = 0, total_us = 0;
};

// Immutable to its users and thread-safe. Throws tconv::Error only.
class Operation {
 public:
  // From the cache if it is there. With TCONV_DUMP it is always made, past the cache: the steps are
  // what the caller wants.
  static std::shared_ptr<const Operation> create(const std::string& line, const Options& options,
                                                 KernelCache& cache = KernelCache::process());

  std::size_t packed_filter_bytes() const { return static_cast<std::size_t>(needs_.packed_filter); }
  void pack(const void* filter, void* packed) const;
  // After it a run with this packed filter compiles nothing, wherever it was packed.
  void prepare(ConstTensor packed) const;
  const std::string& packed_layout() const { return packed_layout_; }

  std::size_t workspace_bytes() const { return static_cast<std::size_t>(needs_.workspace); }
  void run(const RunArgs& args) const;
  // Sizes as the problem's.
  void run(const void* input, const void* packed, const void* bias, void* output,
           void* workspace) const;

  const std::string& describe() const { return description_; }
  const planner::Problem& problem() const { return problem_; }
  const planner::Plan& plan() const { return plan_; }
  const std::string& isa() const { return settings_.isa; }
  int threads() const { return settings_.threads; }
  int workers() const { return workers_.count(); }
  const char* backend() const { return name(engine_); }
  const std::string& plan_note() const { return plan_note_; }
  const std::string& fallback_reason() const { return fallback_reason_; }
  const CompileTimes& times() const { return times_; }
  const Executable& executable() const { return *main_; }
  std::int64_t memory_bytes() const;  // code and programs; a twin counts as if it were compiled

 private:
  // A filter with infinities or NaN cannot go through plans that multiply padding zeros by weights.
  // Its plan is lowered at create, because the sizes are fixed then, and compiled when such a
  // filter comes.
  struct FiniteTwin {
    std::shared_ptr<const planner::Lowered> lowered;
    std::uint64_t layout_hash = 0;
    // Neither a lock nor std::call_once: the child of a fork could wait for ever for a thread that
    // it does not have. Who comes second throws its own away.
    mutable std::atomic<const Executable*> executable{nullptr};
    ~FiniteTwin() { delete executable.load(); }
  };

  explicit Operation(Settings settings) : settings_(std::move(settings)) {}
  // Two halves: the key of the cache is known between them.
  void choose_plan(const std::string& line);
  std::string key() const;
  void compile();
  std::shared_ptr<const planner::Lowered> lower(const planner::Plan& plan, bool dump) const;
  void build_main(std::shared_ptr<const planner::Lowered> lowered);
  void build_main(const std::shared_ptr<const planner::Lowered>& lowered, Engine engine);
  void size_buffers();
  void write_description();
  std::string symbol(const planner::Plan& plan) const;
  const Executable& finite_twin() const;
  bool takes_twin(const void* packed) const;
  const Executable& select(const RunArgs& args, std::int64_t output_bytes) const;

  Settings settings_;
  Workers workers_{1};
  planner::Machine machine_;
  planner::Problem problem_;
  planner::Plan plan_;
  Engine engine_ = Engine::xbyak;
  std::string plan_note_, fallback_reason_;
  std::shared_ptr<const planner::Lowered> lowered_;  // between the two halves of create
  std::unique_ptr<const Executable> main_;
  std::unique_ptr<const Executable>
      unstreamed_;                      // for outputs that are not aligned; null: main_ takes any
  std::int64_t stream_from_bytes_ = 0;  // of an open size: smaller outputs take unstreamed_
  std::unique_ptr<FiniteTwin> twin_;    // null: main_ takes any filter
  std::uint64_t layout_hash_ = 0;
  Tensors tensors_;
  BufferNeeds needs_;
  CompileTimes times_;
  std::string description_, packed_layout_;
};

// How often, in this process, backend=auto had to go on to the next backend.
std::int64_t fallbacks();

}  // namespace tconv::runtime

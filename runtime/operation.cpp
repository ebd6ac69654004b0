#include "runtime/operation.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "ir/target.h"
#include "jit/host_features.h"
#include "jit/perf_map.h"
#include "runtime/default_pool.h"
#include "runtime/dump.h"
#include "runtime/error.h"
#include "runtime/footprint.h"
#include "runtime/fpenv.h"
#include "runtime/host.h"
#include "runtime/kernel_key.h"
#include "runtime/packed_filter.h"
#include "runtime/plan_choice.h"
#include "runtime/stopwatch.h"

namespace tconv::runtime {
namespace {

std::atomic<std::int64_t> fallback_counter{0};

constexpr std::int64_t kBytesBesideCode = 4096;  // texts, tables, threads; measured: 2 to 4 KB

std::string spread(const planner::Problem& problem, std::int64_t planner::Axis::*field) {
  const auto& axes = problem.axes;
  std::string text = std::to_string(axes.front().*field);
  const bool equal = std::all_of(axes.begin(), axes.end(),
                                 [&](const auto& a) { return a.*field == axes.front().*field; });
  if (!equal)
    for (std::size_t i = 1; i < axes.size(); ++i) text += "x" + std::to_string(axes[i].*field);
  return text;
}

}  // namespace

std::int64_t fallbacks() { return fallback_counter.load(std::memory_order_relaxed); }

std::shared_ptr<const Operation> Operation::create(const std::string& line, const Options& options,
                                                   KernelCache& cache) {
  return guarded([&]() -> std::shared_ptr<const Operation> {
    Settings settings = resolve(options);
    const bool cached = settings.dump.empty();
    const std::string written = spelling(line, settings);
    if (cached)
      if (auto found = cache.find(written)) return found;
    std::shared_ptr<Operation> operation(new Operation(std::move(settings)));
    operation->choose_plan(line);
    if (!cached) {
      operation->compile();
      return operation;
    }
    return cache.get(operation->key(), written, [&operation] {
      operation->compile();
      // An interpreter that stands in is not kept: the next create tries again, and each one is
      // counted.
      const bool stands_in = operation->engine_ == Engine::interpreter &&
                             !operation->fallback_reason_.empty();
      return KernelCache::Made{operation, operation->memory_bytes(), !stands_in};
    });
  });
}

void Operation::choose_plan(const std::string& line) {
  const Stopwatch watch;
  const DefaultFpEnvironment environment;  // plans and transforms are computed, too
  problem_ = planner::parse_problem(line);
  PlanChoice choice = runtime::choose_plan(problem_, settings_);
  machine_ = std::move(choice.machine);
  plan_ = std::move(choice.plan);
  plan_note_ = std::move(choice.note);
  lowered_ = std::move(choice.lowered);
  workers_ = Workers(machine_.threads);
  times_.plan_us = watch.elapsed_us();
}

std::string Operation::key() const {
  return kernel_key({planner::print(problem_), planner::print(plan_),
                     *ir::find_target(settings_.isa), machine_, host().features, settings_.threads,
                     settings_.backend, settings_.interpreter_fallback, ir::kIrVersion, version(),
                     plan_note_});
}

void Operation::compile() {
  const DefaultFpEnvironment environment;
  Stopwatch total, watch;
  auto lowered = lowered_ && settings_.dump.empty() ? lowered_ : lower(plan_, true);
  lowered_.reset();
  times_.lower_us = watch.lap_us();

  build_main(lowered);
  if (plan_.stream) {
    stream_from_bytes_ = planner::stream_from_bytes(problem_, machine_);
    planner::Plan plain = plan_;
    plain.stream = false;
    unstreamed_ = Executable::build(lower(plain, false), engine_, symbol(plain));
    if (unstreamed_->lowered().filter != lowered->filter)
      throw std::logic_error("plans with and without streaming stores pack the filter differently");
  }
  if (lowered->needs_finite_filter) {
    planner::Plan twin = planner::finite_twin(problem_, plan_, machine_);
    twin.stream = false;  // rare: not worth two more variants
    twin_ = std::make_unique<FiniteTwin>();
    twin_->lowered = lower(twin, false);
    twin_->layout_hash = layout_hash(twin_->lowered->filter);
  }
  layout_hash_ = layout_hash(lowered->filter);
  size_buffers();
  packed_layout_ = planner::print(lowered->filter);
  if (twin_) packed_layout_ += " non-finite: " + planner::print(twin_->lowered->filter);
  times_.total_us = times_.plan_us + total.elapsed_us();
  write_description();
  if (dumps(settings_.dump, "asm") && main_->code() != nullptr) dump_code(*main_->code());
}

std::shared_ptr<const planner::Lowered> Operation::lower(const planner::Plan& plan,
                                                         bool dump) const {
  const ir::Target& target = *ir::find_target(settings_.isa);
  return std::make_shared<const planner::Lowered>(
      planner::lower(problem_, plan, target, dump ? dumper(settings_.dump) : planner::Dump{}));
}

void Operation::build_main(std::shared_ptr<const planner::Lowered> lowered) {
  switch (settings_.backend) {
    case Backend::xbyak:
      return build_main(lowered, Engine::xbyak);
    case Backend::llvm:
      return build_main(lowered, Engine::llvm);
    case Backend::interpreter:
      return build_main(lowered, Engine::interpreter);
    case Backend::automatic:
      break;
  }
  std::vector<Engine> ways = {Engine::xbyak, Engine::llvm};
  if (settings_.interpreter_fallback) ways.push_back(Engine::interpreter);
  for (std::size_t at = 0; at < ways.size(); ++at) {
    try {
      return build_main(lowered, ways[at]);
    } catch (const std::runtime_error& e) {  // Error or CompileError: a bug of ours is a logic_error
      // Where no code can run at all, LLVM's cannot either.
      const bool none = dynamic_cast<const Error*>(&e) != nullptr ||
                        dynamic_cast<const jit::ExecutableMemoryRefused*>(&e) != nullptr;
      const std::string before = fallback_reason_.empty() ? "" : fallback_reason_ + "; ";
      fallback_reason_ = fmt::format("{}{}: {}", before, name(ways[at]), e.what());
      if (none) at = 1;
      if (at + 1 == ways.size()) {
        if (before.empty()) throw;
        throw jit::CompileError(fallback_reason_);
      }
      fallback_counter.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

void Operation::build_main(const std::shared_ptr<const planner::Lowered>& lowered, Engine engine) {
  if (engine != Engine::interpreter && !host_runs(settings_.isa)) {
    std::string missing;
    jit::host_supports(settings_.isa, &missing);
    throw Error(Status::unsupported, fmt::format("isa={} cannot run on this host: {} is missing",
                                                 settings_.isa, missing));
  }
  if (engine != Engine::interpreter && problem_.narrow_sum && !jit::host_has_fp16())
    throw Error(Status::unsupported,
                "sum=f16 cannot run on this host: AVX512_FP16 is missing; backend=interpreter runs "
                "it anywhere, and without sum=f16 sums are f32");
  BuildTimes build;
  main_ = Executable::build(lowered, engine, symbol(plan_), &build);
  engine_ = engine;
  times_.verify_us = build.verify_us;
  times_.emit_us = build.emit_us;
}

void Operation::size_buffers() {
  tensors_ = Tensors(problem_);
  std::int64_t elements = planner::packed_bytes(main_->lowered().filter);
  const auto widen = [&](const planner::Lowered& lowered) {
    needs_.workspace =
        std::max(needs_.workspace, runtime::workspace_bytes(lowered, workers_.count()));
  };
  widen(main_->lowered());
  if (unstreamed_) widen(unstreamed_->lowered());
  if (twin_) {
    widen(*twin_->lowered);
    elements = std::max(elements, planner::packed_bytes(twin_->lowered->filter));
  }
  needs_.packed_filter = static_cast<std::int64_t>(kPackedHeaderBytes) + elements;
  if (needs_.workspace > 0) needs_.workspace += 63;  // the caller's pointer need not be aligned
}

// Debuggers show it: type, tile and ISA, as in tconv_k4s2p1_direct_f32_14x2_avx512. Profilers are
// told all of problem and plan, in one word.
std::string Operation::symbol(const planner::Plan& plan) const {
  if (jit::perf_map_enabled()) {
    std::string text =
        fmt::format("tconv::{}::{}::{}", planner::print(problem_), planner::print(plan),
                    settings_.isa);
    std::replace(text.begin(), text.end(), ' ', '_');
    return text;
  }
  return fmt::format("tconv_k{}s{}p{}_{}_{}_{}x{}_{}", spread(problem_, &planner::Axis::k),
                     spread(problem_, &planner::Axis::s), spread(problem_, &planner::Axis::p),
                     planner::name(plan.schedule), ir::name(problem_.dtype), plan.mr, plan.nr,
                     settings_.isa);
}

void Operation::write_description() {
  const std::size_t code_bytes = main_->code() == nullptr ? 0 : main_->code()->code().size();
  description_ = fmt::format("plan={} isa={} backend={} threads={} code_bytes={} compile_us={:.0f}",
                             planner::print(plan_), settings_.isa, backend(), settings_.threads,
                             code_bytes, times_.total_us);
  if (workers() != threads()) description_ += fmt::format(" workers={}", workers());
  if (workers() > 1 && *default_pool_name() == '\0') description_ += " pool=none";
  if (!plan_note_.empty()) description_ += " " + plan_note_;
  if (!fallback_reason_.empty()) description_ += " fallback=" + fallback_reason_;
}

std::int64_t Operation::memory_bytes() const {
  std::int64_t bytes = kBytesBesideCode + runtime::memory_bytes(main_->lowered().program);
  std::int64_t code = mapped_bytes(*main_);
  if (twin_) {
    bytes += runtime::memory_bytes(twin_->lowered->program);
    code *= 2;
  }
  if (unstreamed_) {
    bytes += runtime::memory_bytes(unstreamed_->lowered().program);
    code += mapped_bytes(*unstreamed_);
  }
  return bytes + code;
}

const Executable& Operation::finite_twin() const {
  const Executable* made = twin_->executable.load(std::memory_order_acquire);
  if (made != nullptr) return *made;
  auto mine = Executable::build(twin_->lowered, engine_, symbol(plan_) + "_twin");
  if (twin_->executable.compare_exchange_strong(made, mine.get(), std::memory_order_acq_rel))
    return *mine.release();
  return *made;
}

}  // namespace tconv::runtime

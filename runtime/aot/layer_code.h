// One layer's code: for each isa a plan, its variants, and an object file for each of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "planner/planner.h"
#include "runtime/aot/cpu.h"
#include "runtime/aot/isa_level.h"
#include "tconv/aot.hpp"

namespace tconv::runtime {

// A plan that was lowered, and its kernels' symbols, by stage; empty where there is nothing to do.
struct VariantCode {
  std::string tag;  // of symbols: "", "u", "t"
  planner::Lowered lowered;
  std::vector<std::vector<std::string>> symbols;
  std::string object;
  std::int64_t code_bytes = 0;
};

struct IsaCode {
  const IsaLevel* level = nullptr;
  std::string backend;
  planner::Plan plan;
  std::int64_t stream_from_bytes = 0;
  VariantCode main;
  std::optional<VariantCode> unstreamed;  // for outputs that are not aligned
  std::optional<VariantCode> twin;        // for filters with infinities or NaN

  template <class Use>  // Use: const VariantCode& -> void
  void each_variant(Use&& use) const {
    use(main);
    if (unstreamed) use(*unstreamed);
    if (twin) use(*twin);
  }
};

struct LayerCode {
  std::string name, symbol;  // symbol: prefix of all of the layer's symbols
  planner::Problem problem;
  std::vector<IsaCode> isas;  // best first

  template <class Use>
  void each_variant(Use&& use) const {
    for (const IsaCode& isa : isas) isa.each_variant(use);
  }
};

// The options, as far as they concern code.
struct CodeOptions {
  std::vector<const IsaLevel*> levels;
  std::string backend;  // empty: each isa's own
  std::string triple;
  AotCpu cpu;
  Options create;

  const char* backend_of(const IsaLevel& level) const {
    return backend.empty() ? level.backend : backend.c_str();
  }
};

// Throws Error and what the planner and the backends throw. `layer.name` may be empty.
LayerCode compile_layer(const AotLayer& layer, const CodeOptions& options);

}  // namespace tconv::runtime

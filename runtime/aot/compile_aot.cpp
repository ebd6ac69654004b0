// tconv/aot.hpp: layers to the files of a library.
#include <fmt/format.h>

#include <map>

#include "jit/archive.h"
#include "runtime/aot/driver.h"
#include "runtime/aot/layer_object.h"
#include "runtime/aot/layer_table.h"
#include "runtime/aot/names.h"
#include "runtime/aot/texts.h"
#include "runtime/error.h"
#include "runtime/fpenv.h"
#include "tconv/inspect.hpp"

namespace tconv {
namespace runtime {
namespace {

constexpr const char* kDefaultTriple = "x86_64-linux-gnu";

AotOptions checked(AotOptions options) {
  if (!is_identifier(options.library))
    refuse(fmt::format("library '{}': a name of letters, digits and _ is needed", options.library));
  if (options.triple.empty()) options.triple = kDefaultTriple;
  if (options.cpu.empty()) options.cpu = "native";
  if (options.backend.empty()) options.backend = "auto";
  if (options.backend != "auto" && options.backend != "xbyak")
    refuse(
        fmt::format("backend={} is unknown ahead of time; there are auto xbyak", options.backend));
  const Options& create = options.create;
  if (!create.isa.empty() || !create.backend.empty() || !create.fallback.empty())
    refuse("ahead of time isa and backend are not options of create, and there is no fallback");
  // A library's bytes follow from layers and options, not from what was measured somewhere.
  if (!create.plans.empty() && create.plans != "none")
    refuse(fmt::format("plans={}: ahead of time no plan database is read; plan= names a plan",
                       create.plans));
  options.create.plans = "none";
  return options;
}

jit::ElfMachine machine_of(const std::string& triple, std::string& arch) {
  arch = triple.substr(0, triple.find('-'));
  const bool linux_elf = triple.find("-linux") != std::string::npos;
  if (!linux_elf || arch != "x86_64")
    refuse(fmt::format("triple={} is unknown; there is x86_64-linux-gnu", triple));
  return jit::ElfMachine::x86_64;
}

// What cannot live in one header. A layer that comes twice is one.
void add_layer(std::vector<LayerCode>& layers, LayerCode layer) {
  for (const LayerCode& other : layers) {
    if (other.name != layer.name) continue;
    if (other.problem == layer.problem) return;
    refuse(fmt::format("two layers have the same name in C, {}: '{}' and '{}'", layer.name,
                       planner::print(other.problem), planner::print(layer.problem)));
  }
  layers.push_back(std::move(layer));
}

LayerCode named_layer(const AotLayer& layer, const std::vector<const IsaLevel*>& levels,
                      const AotOptions& options) {
  try {
    return guarded([&] { return compile_layer(layer, levels, options); });
  } catch (const Error& e) {
    throw Error(e.status(), fmt::format("layer {}: {}",
                                        layer.name.empty() ? layer.problem : layer.name, e.what()));
  }
}

std::string library_bytes(const std::vector<LayerCode>& layers, jit::ElfMachine machine) {
  std::map<std::string, std::string> members;  // a problem under several names is there once
  for (const LayerCode& layer : layers) {
    if (!members.emplace(layer.symbol + ".o", layer_object(layer, machine)).second) continue;
    for (const IsaCode& isa : layer.isas)
      isa.each_variant([&](const VariantCode& v) {
        if (!v.object.empty())
          members.emplace(fmt::format("{}_{}{}.o", layer.symbol, isa.level->name, v.tag), v.object);
      });
  }
  std::vector<jit::ArchiveMember> list;
  for (auto& [name, object] : members) list.push_back({name, std::move(object)});
  if (machine == jit::ElfMachine::x86_64)
    list.push_back({"tconv_aot_driver.o", std::string(driver_object())});
  return jit::make_archive(list);
}

AotCompiled report(const LayerCode& layer) {
  AotCompiled compiled;
  compiled.name = layer.name;
  compiled.problem = planner::print(layer.problem);
  compiled.symbol = layer.symbol;
  const LayerNeeds needs = layer_needs(layer);
  compiled.packed_filter_bytes = needs.packed_filter_bytes;
  compiled.workspace_bytes = needs.workspace_bytes(1);
  compiled.worker_bytes = needs.worker_bytes;
  for (const IsaCode& isa : layer.isas) {
    AotKernel kernel{
        .isa = isa.level->name, .backend = isa.backend, .plan = planner::print(isa.plan)};
    isa.each_variant([&](const VariantCode& v) { kernel.code_bytes += v.code_bytes; });
    compiled.kernels.push_back(std::move(kernel));
  }
  return compiled;
}

AotLibrary compile(const std::vector<AotLayer>& layers, const AotOptions& given) {
  const AotOptions options = checked(given);
  std::string arch;
  const jit::ElfMachine machine = machine_of(options.triple, arch);
  const auto levels = choose_levels(options.isas, arch);
  if (layers.empty()) refuse("no layer is given");

  const DefaultFpEnvironment environment;  // plans and transforms are computed
  LibraryFacts facts;
  facts.name = options.library;
  facts.triple = options.triple;
  facts.cpu = options.cpu;
  for (const AotLayer& layer : layers) add_layer(facts.layers, named_layer(layer, levels, options));

  AotLibrary library;
  const auto add = [&](const std::string& name, std::string contents, bool common = false) {
    facts.files.push_back(name);
    library.files.push_back({name, std::move(contents), common});
  };
  add("lib" + facts.name + ".a", library_bytes(facts.layers, machine));
  add("tconv_aot.h", std::string(driver_header()), true);
  add(facts.name + ".h", header_text(facts));
  add(facts.name + ".cmake", cmake_text(facts));
  library.files.push_back({facts.name + ".json", manifest_text(facts)});
  for (const LayerCode& layer : facts.layers) library.layers.push_back(report(layer));
  return library;
}

}  // namespace
}  // namespace runtime

AotLibrary compile_aot(const std::vector<AotLayer>& layers, const AotOptions& options) {
  return runtime::guarded([&] { return runtime::compile(layers, options); });
}

}  // namespace tconv

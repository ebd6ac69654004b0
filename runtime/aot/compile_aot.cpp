// tconv/aot.hpp: layers to the files of a library.
#include <fmt/format.h>

#include <map>

#include "jit/archive.h"
#include "jit/backend.h"
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
  if (options.type.empty()) options.type = "static";
  if (options.backend.empty()) options.backend = "auto";
  if (options.backend != "auto" && options.backend != "xbyak" && options.backend != "llvm")
    refuse(fmt::format("backend={} is unknown ahead of time; there are auto xbyak llvm",
                       options.backend));
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

// The architecture of a triple, by the name that isa levels have.
const char* arch_of(const std::string& triple) {
  const std::string arch = triple.substr(0, triple.find('-'));
  const bool elf = triple.find("-linux") != std::string::npos || triple.ends_with("-elf");
  const bool wide = !triple.ends_with("x32") && !triple.ends_with("ilp32");  // pointers
  if (elf && wide && arch == kX86_64) return kX86_64;
  if (elf && wide && (arch == kAArch64 || arch == "arm64")) return kAArch64;
  refuse(
      fmt::format("triple={} is unknown; there are x86_64-linux-gnu, aarch64-linux-gnu and "
                  "others of these CPUs with linux or elf",
                  triple));
}

CodeOptions code_options(const AotOptions& options, const std::string& arch) {
  CodeOptions code;
  code.levels = choose_levels(options.isas, arch);
  if (options.backend != "auto") code.backend = options.backend;
  bool llvm = false;
  for (const IsaLevel* level : code.levels) {
    llvm = llvm || code.backend_of(*level) == std::string("llvm");
    if (code.backend == "xbyak" && level->backend != code.backend)
      refuse(fmt::format("backend=xbyak has no {}; there are avx512fp16 avx512bf16 avx512 avx2",
                         level->name));
  }
  code.triple = options.triple;
  code.cpu = find_cpu(options.cpu, arch, llvm);
  code.create = options.create;
  return code;
}

// How the library's file is named, and made.
AotFile library_file(const AotOptions& options) {
  const auto file = [&](const char* before, const char* behind, const char* link) {
    return AotFile{before + options.library + behind, "", false, link, ""};
  };
  if (options.type == "static") return file("lib", ".a", "");
  if (options.type == "shared") return file("lib", ".so", "-shared");
  if (options.type == "object") return file("", ".o", "-r");
  refuse(fmt::format("type={} is unknown; there are static shared object", options.type));
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

LayerCode named_layer(const AotLayer& layer, const CodeOptions& options) {
  try {
    return guarded([&] { return compile_layer(layer, options); });
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
  AotOptions options = checked(given);
  const std::string arch = arch_of(options.triple);
  const bool x86 = arch == kX86_64;
  if (options.cpu.empty()) options.cpu = x86 ? "native" : planner::kGenericCore;
  AotFile file = library_file(options);
  const CodeOptions code = code_options(options, arch);
  if (layers.empty()) refuse("no layer is given");

  const DefaultFpEnvironment environment;  // plans and transforms are computed
  LibraryFacts facts;
  facts.name = options.library;
  facts.triple = options.triple;
  facts.cpu = options.cpu;
  facts.type = options.type;
  for (const AotLayer& layer : layers) add_layer(facts.layers, named_layer(layer, code));

  AotLibrary library;
  const auto add = [&](AotFile added) {
    facts.files.push_back(added.name);
    library.files.push_back(std::move(added));
  };
  file.contents =
      library_bytes(facts.layers, x86 ? jit::ElfMachine::x86_64 : jit::ElfMachine::aarch64);
  facts.linked = file.name;
  const bool linked = !file.link.empty();
  if (linked && !x86) file.link_source = jit::llvm_aot_driver();
  add(std::move(file));
  add({"tconv_aot.h", std::string(driver_header()), true, "", ""});
  if (!linked && !x86) {
    facts.driver = "tconv_aot_driver.c";
    add({facts.driver, std::string(jit::llvm_aot_driver()), true, "", ""});
  }
  add({facts.name + ".h", header_text(facts), false, "", ""});
  add({facts.name + ".cmake", cmake_text(facts), false, "", ""});
  library.files.push_back({facts.name + ".json", manifest_text(facts), false, "", ""});
  for (const LayerCode& layer : facts.layers) library.layers.push_back(report(layer));
  return library;
}

}  // namespace
}  // namespace runtime

AotLibrary compile_aot(const std::vector<AotLayer>& layers, const AotOptions& options) {
  return runtime::guarded([&] { return runtime::compile(layers, options); });
}

}  // namespace tconv

// tconv: the command line.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <functional>
#include <new>
#include <system_error>

#include "tconv/inspect.hpp"
#include "tools/command.h"
#include "tools/temporary_file.h"

namespace tconv::tools {
namespace {

void add_sources(CLI::App& verb, Sources& sources) {
  verb.add_option("problem", sources.lines, "problem lines, each one argument (docs/problem.md)");
  verb.add_option("--layers", sources.layers, "CSV of layers, as bench/layers.csv");
  verb.add_option("--dtype", sources.dtype, "type of CSV rows and random problems")
      ->check(CLI::IsMember({"f32", "f64", "f16", "bf16", "i32"}));
  verb.add_option("--sum", sources.sum, "their sums, with --dtype f16: f16 (docs/problem.md)")
      ->check(CLI::IsMember({"f16"}));
  verb.add_option("--layout", sources.layout, "channels of CSV rows: last or first")
      ->check(CLI::IsMember({"last", "first"}));
  verb.add_flag("--fused", sources.fused, "CSV rows keep an activation that is a post-op");
  verb.add_option("--random", sources.random, "so many random problems")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  verb.add_option("--seed", sources.seed, "of random problems and data")
      ->check([](const std::string& text) {
        return text.starts_with('-') ? "must be 0 or more, got " + text : std::string();
      });
}

void add_options(CLI::App& verb, Command& command) {
  verb.add_option("--isa", command.options.isa, "avx512, avx2, sse2, neon128");
  verb.add_option("--backend", command.options.backend, "auto, xbyak, llvm, interpreter");
  verb.add_option("--plan", command.options.plan, "a plan's text; check: also all, best");
  verb.add_option("--threads", command.options.threads, "workers")->check(CLI::Range(1, 1024));
  verb.add_option("--accuracy", command.options.accuracy, "default, exact-order");
  verb.add_option("--machine", command.options.machine,
                  "a file of tconv calibrate, or table: the built-in numbers");
  if (verb.get_name() != "bench")  // there it is a number of plans, and TCONV_PLANS names the file
    verb.add_option("--plans", command.options.plans,
                    "plan databases of tconv tune, FILE[:FILE..], or none");
  verb.add_option("--fallback", command.options.fallback, "none, interpreter");
  verb.add_flag("--json", command.json, "one JSON object on standard output");
}

using Verb = int (*)(const Command&);

int run_verb(Verb verb, Command& command) {
  if (command.options.plan == "best") command.options.plan.clear();
  const int status = verb(command);
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw UsageError("standard output cannot be written");
  return status;
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("tconv compiles transposed convolutions: one layer, one plan, one kernel.");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  Command command;
  Verb chosen = nullptr;
  const auto verb = [&](const char* name, Verb function, const char* what) {
    CLI::App* sub = app.add_subcommand(name, what);
    add_sources(*sub, command.sources);
    add_options(*sub, command);
    sub->callback([&chosen, function] { chosen = function; });
    return sub;
  };
  verb("info", cmd_info, "host, limits, and what problem lines mean");
  verb("plan", cmd_plan, "legal plans, best first, and why others are not");
  CLI::App* dump = verb("dump", cmd_dump, "plan, IR or machine code as text");
  dump->add_option("--stage", command.stage, "plan, ir, llvm, asm")
      ->check(CLI::IsMember({"plan", "ir", "llvm", "asm"}));
  CLI::App* run = verb("run", cmd_run, "one problem, or a layer of an ONNX or Keras model, on NPY files");
  run->add_option("--onnx", command.files.onnx, "model whose ConvTranspose is run");
  run->add_option("--node", command.files.node, "name of the node, where there are several");
  run->add_option("--keras", command.files.keras, ".keras file whose transposed layer is run");
  run->add_option("--layer", command.files.layer, "its name or path, where there are several");
  run->add_option("--input", command.files.input, "NPY")->required();
  run->add_option("--filter", command.files.filter, "NPY; not where the model holds it");
  run->add_option("--bias", command.files.bias, "NPY");
  run->add_option("--add", command.files.add, "NPY, once per add of the problem");
  run->add_option("--mul", command.files.mul, "NPY, once per mul of the problem");
  run->add_option("--prelu", command.files.prelu, "NPY, once per prelu of the problem");
  run->add_option("--output", command.files.output, "NPY; written whole or not at all")->required();
  CLI::App* check = verb("check", cmd_check, "compare with the float64 definition");
  check->add_option("--same-as", command.same_as, "a backend whose bytes must be the same, too");
  CLI::App* bench = verb("bench", cmd_bench, "times and rates");
  bench->add_option("--rounds", command.rounds, "the median of so many is reported")
      ->check(CLI::Range(1, 1000));
  bench->add_option("--round-us", command.round_us, "least length of a round")
      ->check(CLI::Range(0.0, 1e8));
  bench
      ->add_option("--passes", command.bench.passes,
                   "over all layers, each with its rounds: the machine changes in between")
      ->check(CLI::Range(1, 1000));
  bench->add_option("--batch", command.size.batch, "of problems with n=LO..HI; else their HI")
      ->check(CLI::PositiveNumber);
  bench->add_option("--length", command.size.length, "of problems with i=LO..HI; else their HI")
      ->check(CLI::PositiveNumber);
  bench->add_option("--sizes", command.bench.sizes,
                    "of problems with n=LO..HI or i=LO..HI, as 50,100,283: each beside a kernel "
                    "made for that size");
  bench->add_option("--modes", command.modes,
                    "what takes turns: default,exact-order or xbyak,llvm");
  bench->add_option("--sweep", command.sweep,
                    "times every legal plan of a family, as 'mr=4..16 nr=1..4 strip=0,1', or all");
  bench->add_option("--plans", command.plans, "of a sweep, at most so many")
      ->check(CLI::Range(1, 1'000'000));
  bench->add_flag("--perf-map", command.perf_map,
                  "writes names of kernels for perf (/tmp/perf-PID.map); stays for it to read");
  bench->add_flag("--check", command.check, "compare with the float64 definition as well");
  bench
      ->add_option("--vary", command.sources.vary,
                   "fields of the problems and their values, as 'ic=16,32 s=1..3'")
      ->allow_extra_args(false);
  bench->add_flag("--code", command.bench.code, "--json: IR and machine code of each layer");
  bench->add_option("-o,--output", command.bench.json_file, "the same as --json into a file");
  bench->add_option("--csv", command.bench.csv_file, "a table, a line for each measurement");
  bench
      ->add_option("--compare", command.bench.compare,
                   "two files of results, old and new: what changed by more than noise")
      ->expected(2);
  bench
      ->add_option("--margin", command.bench.margin, "of --compare: percent that are no difference")
      ->check(CLI::Range(0.0, 1000.0));

  CLI::App* report = app.add_subcommand("report", "a page of results: figures, tables, code");
  report->add_option("file", command.report.files, "JSON of bench, peers.py and calibrate")
      ->required();
  report->add_option("-o,--output", command.report.page, "HTML; written whole or not at all")
      ->required();
  report->add_option("--code-mb", command.report.code_mb, "at most so much IR and machine code")
      ->check(CLI::Range(0.0, 1000.0));
  report->add_flag("--json", command.json, "one JSON object on standard output");
  report->callback([&chosen] { chosen = cmd_report; });

  CLI::App* tune = verb("tune", cmd_tune, "measures plans and keeps the fastest (docs/tuning.md)");
  tune->add_option("--budget", command.budget_s, "seconds for all layers; else 5 for each")
      ->check(CLI::Range(0.1, 1e7));
  tune->add_option("--trials", command.trials, "in place of seconds: so many turns per layer")
      ->check(CLI::Range(4, 1'000'000));
  tune->add_flag("--cold", command.cold, "each run finds its tensors in no cache");
  tune->add_flag("--missing", command.only_missing, "only what --plans FILE has no plan for");
  tune->add_option("--self-test", command.self_tests,
                   "compares the model's choice with itself, so many times")
      ->check(CLI::Range(1, 100'000));
  tune->add_option("--batch", command.size.batch, "of problems with n=LO..HI; else their HI")
      ->check(CLI::PositiveNumber);
  tune->add_option("--length", command.size.length, "of problems with i=LO..HI; else their HI")
      ->check(CLI::PositiveNumber);

  CLI::App* aot = verb("aot", cmd_aot, "a library with C headers, kernels inside");
  aot->add_option("-o,--out", command.aot.folder, "where the files go; made if it is not there")
      ->required();
  aot->add_option("--name", command.aot.library, "of the library and its files");
  aot->add_option("--cpu", command.aot.cpu, "core to plan for: native, generic, zen5, ..");
  aot->add_option("--triple", command.aot.triple, "x86_64-linux-gnu, aarch64-linux-gnu, ..");
  aot->add_option("--type", command.aot.type, "static, shared or object");
  aot->add_option("--cc", command.aot.compiler, "links shared and object; default: the triple's");
  aot->add_flag("--force", command.aot.force, "replaces files that are there");

  CLI::App* conformance =
      app.add_subcommand("conformance", "cases of other projects' tests through the front doors");
  conformance->add_option("file", command.case_files, "JSON files of cases (docs/frontends.md)")
      ->required();
  add_options(*conformance, command);
  conformance->callback([&chosen] { chosen = cmd_conformance; });

  CLI::App* fit =
      app.add_subcommand("fit", "fits the cost model's numbers to plans that were measured here");
  fit->add_option("file", command.case_files, "reports of tune --json and bench --sweep --json")
      ->required();
  fit->add_option("-o,--output", command.files.output, "machine file (docs/machine.md)");
  fit->add_option("--machine", command.options.machine, "machine file to begin with; else the table");
  fit->add_option("--isa", command.options.isa, "avx512, avx2; else the host's best");
  fit->add_flag("--force", command.force, "stores it although choices get worse");
  fit->add_flag("--json", command.json, "one JSON object on standard output");
  fit->callback([&chosen] { chosen = cmd_fit; });

  CLI::App* plans = app.add_subcommand("plans", "what plan databases hold; merges them");
  plans->add_option("file", command.case_files, "plan databases (docs/tuning.md)")->required();
  plans->add_option("-o,--output", command.files.output,
                    "database that takes them in; made if it is not there");
  plans->add_flag("--here", command.only_here, "only what was measured on such a machine as this");
  plans->add_flag("--json", command.json, "one JSON object on standard output");
  plans->callback([&chosen] { chosen = cmd_plans; });

  // Of the host, not of problems: none of the shared options.
  CLI::App* calibrate =
      app.add_subcommand("calibrate", "measures this host and stores it for the planner");
  calibrate->add_option("-o,--output", command.files.output,
                        "machine file (docs/machine.md); written whole or not at all");
  calibrate->add_flag("--json", command.json, "one JSON object on standard output");
  calibrate->callback([&chosen] { chosen = cmd_calibrate; });

  const auto is_first = [&](const CLI::App* sub) { return sub->check_name(argv[1]); };
  if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(is_first).empty())
    throw UsageError(std::string("there is no verb '") + argv[1] +
                     "'; there are info plan dump run check bench report aot calibrate conformance fit plans tune");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
    throw UsageError(e.what());
  }
  return run_verb(chosen, command);
}

extern "C" void interrupted(int) {
  remove_temporary_files();
  std::_Exit(kInterrupted);
}

int fail(int status, const char* what) {
  std::fprintf(stderr, "tconv: %s\n", what);
  return status;
}

}  // namespace
}  // namespace tconv::tools

int main(int argc, char** argv) {
  using namespace tconv::tools;
  std::signal(SIGINT, interrupted);
  std::signal(SIGTERM, interrupted);
  try {
    return parse_and_run(argc, argv);
  } catch (const UsageError& e) {
    return fail(kBadInput, e.what());
  } catch (const tconv::Error& e) {
    return fail(e.status() == tconv::Status::internal ? kInternal : kBadInput, e.what());
  } catch (const std::system_error& e) {  // a full disk under standard output, no more threads
    return fail(kBadInput, e.what());
  } catch (const std::bad_alloc&) {
    return fail(kBadInput, "the problem needs more memory than there is");
  } catch (const std::exception& e) {
    return fail(kInternal, e.what());
  }
}

// Libraries of `tconv aot` in the hands of a C compiler.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/spawn.h"
#include "tests/support/temporary_folder.h"
#include "tools/tensor_data.h"

namespace tconv::test {

// Made by the program in a folder of its own; the manifest says what is in it. Expects that it
// works.
class AotLibrary {
 public:
  // `arguments` of `tconv aot` but for --out.
  explicit AotLibrary(std::vector<std::string> arguments, const std::string& name = "kernels");

  const nlohmann::json& manifest() const { return manifest_; }
  std::string file(const std::string& name) const { return folder_.file(name); }
  // The library itself.
  std::string archive() const { return file(manifest_.at("files").at(0)); }
  const std::string& name() const { return name_; }

  // The program of aot_program.c around it; its path. `more`: arguments of the compiler.
  std::string build(const std::string& compiler = TCONV_C_COMPILER,
                    const std::vector<std::string>& more = {});

 private:
  TemporaryFolder folder_;
  std::string name_;
  nlohmann::json manifest_;
};

// Data of one layer, and the result that the JIT has with the plan of a kernel of the manifest.
struct AotSample {
  // `non_finite`: the filter holds an infinity and a NaN.
  AotSample(const nlohmann::json& layer, std::uint64_t seed, bool non_finite = false);
  void write(const AotLibrary& library) const;
  // Of aot_program.c.
  std::string output(const AotLibrary& library) const;
  // By the backend that compiled the kernel, or by the interpreter for an isa of other CPUs.
  std::string jit_output(const std::string& isa);

  std::string name, line;
  nlohmann::json kernels;
  tools::Shape run_shape;
  std::int64_t batch = 0, length = 0;  // 0: not open
  tools::TensorData data;
};

// Every schedule, type and layout; operands; open sizes; streaming stores.
const std::vector<std::string>& aot_lines();
std::vector<std::string> with_options(std::vector<std::string> lines,
                                      const std::vector<std::string>& options);

// No file of the library refers to what none of them defines. By `nm`, which reads any machine's.
void expect_nothing_undefined(const AotLibrary& library, const std::string& nm = "nm");

// `command` is looked for in PATH.
Finished spawn_from_path(std::vector<std::string> command);
bool in_path(const std::string& program);

// Runs the C program (by `runner`, its first words, if it is not for this host) on samples of every
// layer and compares. `limit`: its second argument. Returns the isa that it chose for each layer.
struct AotRun {
  std::string program;
  std::vector<std::string> runner = {};
  std::string limit = "";
};
std::map<std::string, std::string> expect_same_bits(AotLibrary& library, const AotRun& run,
                                                    std::uint64_t seed, bool non_finite = false);

}  // namespace tconv::test

#include "tests/support/aot_library.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <sstream>

#include "tconv/tconv.hpp"
#include "tests/support/cli.h"
#include "tools/number.h"
#include "tools/run_size.h"

namespace tconv::test {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// LAYER lines of aot_program.c.
std::string layer_lines(const nlohmann::json& manifest) {
  std::string text;
  for (const auto& layer : manifest.at("layers")) {
    const std::string name = layer.at("name");
    const tools::Shape shape = tools::parse_shape(layer.at("problem"));
    std::string call = name + "_run(t->input, t->packed, t->bias, t->output, t->workspace";
    bool operands = false;
    for (const auto& post : shape.post) operands = operands || post.takes_operand();
    if (operands) call += ", (const void*)t->operands";
    if (shape.n_min > 0) call += ", t->batch";
    if (shape.i_min > 0) call += ", t->length";
    text += "LAYER(" + name + ", " + call + "))\n";
  }
  return text;
}

template <class Word>
bool equal_words(const std::string& a, const std::string& b, Word infinity) {
  for (std::size_t at = 0; at < a.size(); at += sizeof(Word)) {
    Word x = 0, y = 0;
    std::memcpy(&x, a.data() + at, sizeof x);
    std::memcpy(&y, b.data() + at, sizeof y);
    const Word magnitude = static_cast<Word>(~(Word{1} << (8 * sizeof(Word) - 1)));
    if (x != y && !((x & magnitude) > infinity && (y & magnitude) > infinity)) return false;
  }
  return true;
}

// The same bits, or both NaN: which one is not promised, and CPUs differ.
bool equal(const std::string& a, const std::string& b, tools::Type type) {
  if (a.size() != b.size()) return false;
  switch (type) {
    case tools::Type::f64:
      return equal_words<std::uint64_t>(a, b, 0x7FF0000000000000U);
    case tools::Type::f32:
      return equal_words<std::uint32_t>(a, b, 0x7F800000U);
    case tools::Type::f16:
      return equal_words<std::uint16_t>(a, b, 0x7C00U);
    case tools::Type::bf16:
      return equal_words<std::uint16_t>(a, b, 0x7F80U);
    default:
      return a == b;
  }
}

}  // namespace

const std::vector<std::string>& aot_lines() {
  static const std::vector<std::string> lines = {
      "f32 nhwc ic=64 oc=48 i=8x8 k=4 s=2 p=1 bias relu",
      "f32 nhwc ic=512 oc=256 i=4x4 k=4 s=2 p=1 bias",
      "f32 nhwc ic=64 oc=3 i=16x16 k=4 s=2 p=1 bias tanh",
      "f32 nchw ic=16 oc=8 i=12x12 k=4 s=2 p=1 bias leaky_relu=0.2",
      "f32 nhwc g=32 ic=32 oc=32 i=9x7 k=3 s=2 p=1 bias",
      "f32 nhwc ic=1 oc=64 i=200x200 k=2 s=2 bias",
      "f32 ncw ic=8 oc=2 i=100 k=16 s=8 p=4 bias add",
      "f64 nwc ic=12 oc=20 i=33 k=5 s=3 bias prelu",
      "f16 nhwc ic=24 oc=16 i=6x6 k=3 s=1 p=1 bias gelu",
      "bf16 nhwc ic=32 oc=32 i=8x8 k=4 s=2 p=1 bias relu",
      "i32 nhwc ic=6 oc=10 i=5x4 k=3 s=2 p=1 bias mul",
      "f32 ndhwc ic=8 oc=16 i=4x4x4 k=4 s=2 p=1 bias",
      "f32 nwc n=1..6 ic=8 oc=16 i=20 k=4 s=2 p=1 bias",
      "f32 nwc ic=16 oc=8 i=1..500 k=16 s=8 p=4 bias relu",
      "f32 nhwc ic=8 oc=8 i=0x4 o=3x5 k=4 s=2 bias",
  };
  return lines;
}

std::vector<std::string> with_options(std::vector<std::string> lines,
                                      const std::vector<std::string>& options) {
  lines.insert(lines.end(), options.begin(), options.end());
  return lines;
}

void expect_nothing_undefined(const AotLibrary& library, const std::string& nm) {
  const auto symbols = [&](const std::string& option) {
    const Finished f = spawn_from_path({nm, "-P", option, library.archive()});
    EXPECT_EQ(f.status, 0) << f.err;
    std::set<std::string> names;
    std::istringstream text(f.out);
    for (std::string line; std::getline(text, line);)
      if (!line.empty() && line.back() != ':') names.insert(line.substr(0, line.find(' ')));
    return names;
  };
  const std::set<std::string> defined = symbols("--defined-only");
  const bool shared = library.manifest().at("type") == "shared";  // its symbols may be stripped
  if (!shared) {
    EXPECT_GT(defined.size(), 20U);
  }
  const bool driver_beside = library.manifest().at("files").at(2) == "tconv_aot_driver.c";
  for (const std::string& name : symbols("-u"))
    EXPECT_TRUE(defined.count(name) || (driver_beside && name.starts_with("tconv_aot_1_"))) << name;
}

bool in_path(const std::string& program) {
  return spawn({"/bin/sh", "-c", "command -v " + program}).status == 0;
}
Finished spawn_from_path(std::vector<std::string> command) {
  command.insert(command.begin(), "/usr/bin/env");
  return spawn(command);
}

AotLibrary::AotLibrary(std::vector<std::string> arguments, const std::string& name) : name_(name) {
  arguments.insert(arguments.begin(), "aot");
  for (const std::string& word :
       {std::string("--out"), folder_.path().string(), std::string("--name"), name})
    arguments.push_back(word);
  const Finished f = tconv_cli(arguments);
  EXPECT_EQ(f.status, 0) << f.err;
  if (f.status == 0) manifest_ = nlohmann::json::parse(contents(file(name + ".json")));
}

std::string AotLibrary::build(const std::string& compiler, const std::vector<std::string>& more) {
  std::ofstream(file("layers.inc")) << layer_lines(manifest_);
  const std::string program = file("program");
  std::vector<std::string> command = {compiler,
                                      "-std=c99",
                                      "-O1",
                                      "-Wall",
                                      "-Wextra",
                                      "-Wpedantic",
                                      "-Wno-missing-braces",
                                      "-Werror",
                                      "-DAOT_HEADER=\"" + name_ + ".h\"",
                                      "-DAOT_LAYERS=\"layers.inc\"",
                                      "-I" + folder_.path().string(),
                                      TCONV_SOURCE_DIR "/tests/support/aot_program.c",
                                      archive()};
  for (const auto& source : manifest_.at("files"))
    if (const std::string name = source; name.ends_with(".c")) command.push_back(file(name));
  command.insert(command.end(), {"-o", program, "-Wl,-rpath," + folder_.path().string()});
  command.insert(command.end(), more.begin(), more.end());
  const Finished f = spawn_from_path(command);
  EXPECT_EQ(f.status, 0) << f.err;
  return program;
}

AotSample::AotSample(const nlohmann::json& layer, std::uint64_t seed, bool non_finite)
    : name(layer.at("name")), line(layer.at("problem")), kernels(layer.at("kernels")) {
  const tools::Shape shape = tools::parse_shape(line);
  const auto sizes = tools::sampled(shape, seed);
  const tools::RunSize size = sizes[seed % sizes.size()];
  run_shape = tools::at(shape, size);
  batch = shape.n_min > 0 ? size.batch : 0;
  length = shape.i_min > 0 ? size.length : 0;
  data = tools::random_data(run_shape, seed);
  const std::int64_t elements = tools::filter_elements(shape);
  if (non_finite && shape.type != tools::Type::i32 && elements > 0) {
    tools::write(shape.type, data.filter.data(), static_cast<std::int64_t>(seed) % elements,
                 std::numeric_limits<double>::infinity());
    tools::write(shape.type, data.filter.data(), elements / 2,
                 std::numeric_limits<double>::quiet_NaN());
  }
}

void AotSample::write(const AotLibrary& library) const {
  constexpr std::size_t kMostOperands = 16;
  std::vector<std::int64_t> head = {static_cast<std::int64_t>(data.input.bytes()),
                                    static_cast<std::int64_t>(data.filter.bytes()),
                                    static_cast<std::int64_t>(data.bias.bytes()),
                                    static_cast<std::int64_t>(data.output.bytes()),
                                    static_cast<std::int64_t>(data.operands.size()),
                                    batch,
                                    length};
  for (const tools::Buffer& b : data.operands) head.push_back(static_cast<std::int64_t>(b.bytes()));
  head.resize(7 + kMostOperands);
  std::ofstream file(library.file(name + ".in"), std::ios::binary);
  const auto put = [&](const void* bytes, std::size_t count) {
    file.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(count));
  };
  put(head.data(), head.size() * sizeof head[0]);
  put(data.input.data(), data.input.bytes());
  put(data.filter.data(), data.filter.bytes());
  put(data.bias.data(), data.bias.bytes());
  for (const tools::Buffer& b : data.operands) put(b.data(), b.bytes());
  EXPECT_TRUE(file.flush()) << name;
}

std::string AotSample::output(const AotLibrary& library) const {
  return contents(library.file(name + ".out"));
}

std::string AotSample::jit_output(const std::string& isa) {
  Options options;
  options.isa = isa.starts_with("avx512") ? "avx512" : isa;
  options.threads = 1;
  for (const auto& kernel : kernels)
    if (kernel.at("isa") == isa) {
      options.plan = kernel.at("plan");
      options.backend = isa == "neon128" ? "interpreter" : kernel.at("backend").get<std::string>();
    }
  EXPECT_NE(options.plan, "") << name << " has no kernel for " << isa;
  const ConvTranspose op = ConvTranspose::create(line, options);
  tools::Buffer packed(op.packed_filter_bytes()), workspace(op.workspace_bytes());
  op.pack(data.filter.data(), packed.data());
  std::vector<ConstTensor> operands;
  for (const tools::Buffer& b : data.operands) operands.push_back({b.data(), b.bytes()});
  std::string bytes(data.output.bytes(), '\xFF');
  RunArgs args;
  args.input = {data.input.data(), data.input.bytes()};
  args.packed_filter = {packed.data(), packed.bytes()};
  args.bias = {data.bias.data(), data.bias.bytes()};
  args.output = {bytes.data(), bytes.size()};
  args.operands = operands;
  args.workspace = {workspace.data(), workspace.bytes()};
  args.batch = batch;
  args.length = length;
  op.run(args);
  return bytes;
}

std::map<std::string, std::string> expect_same_bits(AotLibrary& library, const AotRun& run,
                                                    std::uint64_t seed, bool non_finite) {
  std::vector<AotSample> samples;
  for (const auto& layer : library.manifest().at("layers"))
    samples.emplace_back(layer, ++seed, non_finite);
  for (const AotSample& s : samples) s.write(library);
  std::vector<std::string> command = run.runner;
  command.insert(command.end(), {run.program, library.file("")});
  if (!run.limit.empty()) command.push_back(run.limit);
  const Finished f = spawn_from_path(command);
  EXPECT_EQ(f.status, 0) << f.err;
  std::map<std::string, std::string> chosen;
  std::istringstream lines(f.out);
  for (std::string name, isa; lines >> name >> isa;) chosen[name] = isa;
  for (AotSample& s : samples) {
    if (chosen.count(s.name) == 0) {
      ADD_FAILURE() << s.line << " did not run";
      continue;
    }
    EXPECT_TRUE(equal(s.output(library), s.jit_output(chosen[s.name]), s.run_shape.output_type()))
        << s.line << " on " << chosen[s.name] << ": other bits than the JIT's";
  }
  return chosen;
}

}  // namespace tconv::test

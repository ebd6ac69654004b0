#include "tests/support/aot_library.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <limits>

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

}  // namespace

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

std::string AotLibrary::build(const std::string& compiler) {
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
  for (const std::string& word : {std::string("-o"), program}) command.push_back(word);
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
      options.backend = kernel.at("backend");
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

}  // namespace tconv::test

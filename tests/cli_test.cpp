// The command line as scripts see it: exit statuses, JSON keys, one sentence for bad input, files.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/support/cli.h"
#include "tests/support/sanitizer.h"
#include "tests/support/temporary_folder.h"
#include "tools/definition.h"
#include "tools/npy.h"
#include "tools/tensor_data.h"

namespace tconv {
namespace {

using nlohmann::json;
using test::Finished;
using test::keys;
using test::kLine;
using test::last_line;
using test::run_json;
using test::tconv_cli;

TEST(Cli, EveryVerbEndsWithItsSummary) {
  const std::vector<std::vector<std::string>> commands = {
      {"info", kLine},
      {"plan", kLine},
      {"dump", kLine},
      {"dump", "--stage", "ir", kLine},
      {"dump", "--stage", "asm", kLine},
      {"check", kLine},
      {"check", "--threads", "64", "f32 nhwc ic=32 oc=64 i=32x32 k=4 s=2"},
      {"bench", "--rounds", "1", "--round-us", "10", kLine}};
  for (const auto& command : commands) {
    const Finished f = tconv_cli(command);
    EXPECT_EQ(f.status, 0) << command[0] << ": " << f.err;
    EXPECT_EQ(f.err, "") << command[0];
    EXPECT_NE(last_line(f.out).find(command[0] + ":"), std::string::npos) << f.out;
  }
}

TEST(Cli, BenchRowsHaveTheAgreedKeys) {
  const json report = run_json({"bench", "--rounds", "2", "--round-us", "10", kLine});
  const json& row = report.at("results").at(0);
  EXPECT_EQ(keys(row),
            (std::set<std::string>{"name", "problem", "plan", "isa", "backend", "threads",
                                   "plan_us", "verify_us", "emit_us", "compile_us", "code_bytes",
                                   "workspace_bytes", "us", "gflops", "executed_gflops", "pct_peak",
                                   "pct_bandwidth", "predicted_us", "rounds", "rounds_us", "bytes",
                                   "passes"}));
  EXPECT_GT(row.at("gflops").get<double>(), 0);
  EXPECT_GE(row.at("executed_gflops").get<double>(), row.at("gflops").get<double>() * 0.999);
  EXPECT_GT(report.at("machine").at("dram_read_gbs").get<double>(), 0);
  EXPECT_TRUE(report.at("machine").at("fma_gflops").contains(row.at("isa").get<std::string>()));
}

TEST(Cli, CheckRowsHaveTheAgreedKeys) {
  const json report = run_json({"check", kLine});
  EXPECT_EQ(
      keys(report.at("results").at(0)),
      (std::set<std::string>{"name", "problem", "plan", "isa", "backend", "threads", "ok", "wrong",
                             "elements_checked", "worst_ulp", "worst_relative", "rms_relative"}));
  EXPECT_EQ(report.at("coverage").size(), 1U);
}

TEST(Cli, PlanRowsHaveTheAgreedKeys) {
  const json report = run_json({"plan", kLine});
  const json& row = report.at("results").at(0);
  EXPECT_EQ(keys(row),
            (std::set<std::string>{"name", "problem", "chosen", "candidates", "rejected"}));
  EXPECT_EQ(row.at("candidates").at(0).at("plan"), row.at("chosen"));
  EXPECT_EQ(keys(row.at("candidates").at(0)), (std::set<std::string>{"plan", "predicted_us"}));
}

// Also byte by byte: two backends agree, one that is not there is refused before any work.
TEST(Cli, CheckComparesBackends) {
  const Finished same = tconv_cli({"check", kLine, "--backend", "xbyak", "--same-as", "interpreter"});
  EXPECT_EQ(same.status, 0) << same.out << same.err;
  const Finished random = tconv_cli(
      {"check", "--random", "20", "--backend", "xbyak", "--same-as", "interpreter", "--plan", "best"});
  EXPECT_EQ(random.status, 0) << random.out << random.err;
  test::expect_refused({"check", kLine, "--same-as", "gas"}, "backend=gas is unknown");
}

TEST(Cli, CheckRunsRandomProblemsOnEveryPlan) {
  const std::string count = std::to_string(tests::fewer(5));
  const Finished f = tconv_cli({"check", "--random", count, "--seed", "3", "--plan", "all"});
  EXPECT_EQ(f.status, 0) << f.out << f.err;
  EXPECT_NE(f.out.find("schedule"), std::string::npos) << "no coverage table";
  const Finished again = tconv_cli({"check", "--random", count, "--seed", "3", "--plan", "all"});
  EXPECT_EQ(f.out, again.out) << "the same seed, the same problems";
}

TEST(Cli, EveryPlanThatIsListedRunsByName) {
  const json report = run_json({"plan", kLine});
  int tried = 0;
  for (const json& candidate : report.at("results").at(0).at("candidates")) {
    if (++tried > 3) break;
    const Finished f = tconv_cli({"check", "--plan", candidate.at("plan"), kLine});
    EXPECT_EQ(f.status, 0) << f.out << f.err;
  }
}

TEST(Cli, BadInputIsOneSentenceAndStatus2) {
  test::TemporaryFolder folder;
  std::ofstream(folder.file("short.csv")) << "name,batch\n";
  std::ofstream(folder.file("bad.csv"))
      << "name,batch,in_ch,out_ch,groups,in_spatial,kernel,stride,dilation,pad_before,out_spatial\n"
         "x,1,two,4,1,5,2,2,1,0,10\n";
  struct Case {
    std::vector<std::string> arguments;
    const char* words;
  };
  const std::vector<Case> cases = {
      {{}, "subcommand"},
      {{"fly"}, "fly"},
      {{"plan"}, "no problem"},
      {{"plan", "f32"}, "problem"},
      {{"plan", "f32 nhwc ic=3 oc=4 i=5x5 k=3 cheese=4"}, "cheese"},
      {{"plan", "f32 nwc ic=9999999999 oc=9999999999 i=9999999999 k=3"}, "problem"},
      {{"plan", "--shape", "3", kLine}, "--shape"},
      {{"check", "--random", "-4"}, "random"},
      {{"check", "--isa", "sse9", kLine}, "sse9"},
      {{"check", "--backend", "gpu", kLine}, "gpu"},
      {{"check", "--plan", "direct(mr=77,nr=77)", kLine}, "77"},
      {{"plan", "--plan", "direct(mr=77,nr=77)", kLine}, "77"},
      {{"dump", "--plan", "direct(mr=77,nr=77)", kLine}, "77"},
      {{"check", "--random", "5", "--isa", "sse9"}, "sse9"},
      {{"check", "--random", "5", "--backend", "gpu"}, "gpu"},
      {{"check", "--random", "5", "--plan", "nonsense(1)"}, "nonsense"},
      {{"check", "--random", "5", "--plan", "nonsense(1)", "--isa", "sse9"}, "sse9"},
      {{"bench", "--random", "5", "--fallback", "magic"}, "magic"},
      {{"check", "f32 nwc n=1..4 ic=1 oc=1..8 i=4 k=2"}, "oc=1..8: cannot be a range"},
      {{"bench", "f32 nwc n=2..4 ic=1 oc=1 i=4 k=2", "--batch", "5"}, "n=2..4"},
      {{"bench", "f32 nwc n=2..4 ic=1 oc=1 i=4 k=2", "--length", "5"}, "no i=LO..HI"},
      {{"bench", "f32 nwc ic=1 oc=1 i=2..4 k=2", "--length", "1"}, "i=2..4"},
      {{"check", "--layers", folder.path()}, "cannot be read"},
      {{"dump", "--stage", "soup", kLine}, "soup"},
      {{"bench", "--plan", "direct(mr=77,nr=77)", kLine}, "77"},
      {{"bench", "--rounds", "0", kLine}, "rounds"},
      {{"bench", "--layers", folder.file("none.csv")}, "none.csv"},
      {{"bench", "--layers", folder.file("short.csv")}, "no column"},
      {{"bench", "--layers", folder.file("bad.csv")}, "line 2"},
      {{"run", kLine}, "--"},
  };
  for (const Case& c : cases) test::expect_refused(c.arguments, c.words);
}

TEST(Cli, AListGoesOnPastAProblemThatCannotBeMade) {
  const Finished f = tconv_cli({"check", kLine, "f32 nwc n=0 ic=0 oc=600000000 i=1 k=1",
                                "i32 nwc n=0 ic=0 oc=600000000 i=1 k=1", kLine});
  EXPECT_EQ(f.status, 1) << f.err;
  EXPECT_NE(f.out.find("2 check(s)"), std::string::npos) << f.out;
  EXPECT_NE(f.out.find("2 failed"), std::string::npos) << f.out;
}

// Sizes that a problem leaves open: both ends of the range are checked, and some between them.
TEST(Cli, CheckTakesSeveralSizesOfARange) {
  std::set<int> batches, lengths;
  const json report = run_json({"check", "f32 nhwc n=2..9 ic=3 oc=4 i=5x4 k=3 s=2",
                                "f32 nwc ic=3 oc=4 i=1..70 k=4 s=2 p=1"});
  for (const json& row : report.at("results")) {
    EXPECT_TRUE(row.at("ok").get<bool>());
    if (row.contains("batch")) batches.insert(row["batch"].get<int>());
    if (row.contains("length")) lengths.insert(row["length"].get<int>());
  }
  for (const int n : {2, 3, 4, 8, 9}) EXPECT_EQ(batches.count(n), 1U) << n;
  for (const int i : {1, 2, 8, 69, 70}) EXPECT_EQ(lengths.count(i), 1U) << i;
}

TEST(Cli, BenchTakesTheLargestSizeOrTheOneThatIsGiven) {
  const std::string line = "f32 nwc ic=3 oc=20 i=1..50 k=4 s=2 p=1";
  const auto length = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments = {"bench",      "--check", "--rounds", "1",
                                          "--round-us", "1",       line};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const json report = run_json(arguments);
    EXPECT_TRUE(report.at("results").at(0).at("ok").get<bool>());
    return report.at("results").at(0).at("length").get<int>();
  };
  EXPECT_EQ(length({}), 50);
  EXPECT_EQ(length({"--length", "7"}), 7);
}

TEST(Cli, OutputThatCannotBeWrittenIsNotSuccess) {
  const std::string command = std::string(TCONV_BINARY_DIR) + "/tconv dump '" + kLine + "'";
  const Finished f = test::spawn({"/bin/sh", "-c", command + " > /dev/full"});
  EXPECT_EQ(f.status, 2) << f.err;
}

TEST(Cli, ArgumentsWinOverTheEnvironment) {
  EXPECT_EQ(tconv_cli({"check", kLine}, {{"TCONV_ISA", "sse9"}}).status, 2);
  EXPECT_EQ(tconv_cli({"check", "--isa", "avx2", kLine}, {{"TCONV_ISA", "sse9"}}).status, 0);
  const Finished f = tconv_cli({"check", kLine}, {{"TCONV_DUMP", "all"}, {"TCONV_THREADS", "2"}});
  EXPECT_EQ(f.status, 0);
  EXPECT_NE(f.err.find("== asm"), std::string::npos);
}

// ---- run
// ---------------------------------------------------------------------------------------------

class CliRun : public testing::Test {
 protected:
  // Writes the problem's tensors; returns the command that runs on them.
  std::vector<std::string> prepare(const std::string& line) {
    shape_ = tools::parse_shape(line);
    data_ = tools::random_data(shape_, 11);
    const auto put = [&](const char* name, const std::vector<std::int64_t>& dims,
                         const tools::Buffer& data) {
      const tools::Type type = std::string(name) == "b.npy" ? shape_.bias_type : shape_.type;
      tools::write_npy(folder_.file(name), tools::npy_descr(type), dims, data.data(), data.bytes());
    };
    std::vector<std::int64_t> input = {shape_.n}, output = {shape_.n}, filter = shape_.k;
    input.insert(input.end(), shape_.i.begin(), shape_.i.end());
    input.push_back(shape_.ic);
    output.insert(output.end(), shape_.o.begin(), shape_.o.end());
    output.push_back(shape_.oc);
    filter.insert(filter.end(), {shape_.oc, shape_.ic});
    output_ = output;
    put("x.npy", input, data_.input);
    put("w.npy", filter, data_.filter);
    put("b.npy", {shape_.oc}, data_.bias);
    std::vector<std::string> command = {"run", line};
    for (const char* name : {"input=x", "filter=w", "bias=b", "output=y"}) {
      const std::string text = name;
      const std::size_t equals = text.find('=');
      command.push_back("--" + text.substr(0, equals));
      command.push_back(folder_.file(text.substr(equals + 1) + ".npy"));
    }
    std::size_t operand = 0;
    for (const tools::PostOp& op : shape_.post)
      if (op.takes_operand()) {
        const std::string file = "operand" + std::to_string(operand) + ".npy";
        const bool slopes = op.name == "prelu";
        put(file.c_str(), slopes ? std::vector<std::int64_t>{shape_.oc} : output,
            data_.operands[operand++]);
        command.insert(command.end(), {"--" + op.name, folder_.file(file)});
      }
    return command;
  }
  bool output_is_right() {
    const tools::NpyArray y = tools::read_npy(folder_.file("y.npy"));
    EXPECT_EQ(y.shape, output_);
    return tools::Definition(shape_, data_.view()).check(y.data.data()).ok();
  }
  // Nothing may be left but the inputs.
  void expect_nothing_written() {
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      EXPECT_NE(entry.path().filename().string()[0], 'y') << entry.path();
  }
  void expect_refused(const std::vector<std::string>& command, const std::string& words) {
    const Finished f = tconv_cli(command);
    EXPECT_EQ(f.status, 2) << f.err;
    EXPECT_NE(f.err.find(words), std::string::npos) << "said: " << f.err;
    EXPECT_EQ(std::count(f.err.begin(), f.err.end(), '\n'), 1) << f.err;
    expect_nothing_written();
  }

  test::TemporaryFolder folder_;
  tools::Shape shape_;
  tools::TensorData data_;
  std::vector<std::int64_t> output_;
};

TEST_F(CliRun, WritesWhatTheDefinitionSays) {
  const Finished f = tconv_cli(prepare(kLine));
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_TRUE(output_is_right());
}

TEST_F(CliRun, TakesOperands) {
  const Finished f = tconv_cli(prepare("f32 nwc ic=3 oc=5 i=9 k=3 s=2 bias add prelu mul"));
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_TRUE(output_is_right());
}

TEST_F(CliRun, TakesEveryType) {
  for (const char* line :
       {"f64 nwc ic=3 oc=5 i=9 k=3 s=2 bias tanh", "i32 nwc ic=3 oc=5 i=9 k=3 s=2 bias mul",
        "f16 nwc ic=3 oc=5 i=9 k=3 s=2 bias=f16 add", "bf16 nwc ic=3 oc=5 i=9 k=3 s=2 bias prelu",
        "bf16 out=f32 nwc ic=4 oc=17 i=9 k=3 s=2 bias"}) {
    const auto command = prepare(line);
    const Finished f = tconv_cli(command);
    ASSERT_EQ(f.status, 0) << line << f.err;
    EXPECT_EQ(tools::read_npy(folder_.file("y.npy")).descr, tools::npy_descr(shape_.output_type()));
    EXPECT_TRUE(output_is_right()) << line;
    std::filesystem::remove(folder_.file("y.npy"));
    // Of another type than the problem's: named, never converted.
    auto other = command;
    const tools::Type type = shape_.type == tools::Type::f64 ? tools::Type::f16 : tools::Type::f64;
    other[1] = tools::name(type) + std::string(line).substr(std::string(line).find(" nwc"));
    other[1] = other[1].substr(0, other[1].find(" bias")) + " bias";
    expect_refused(other, tools::npy_descr(shape_.type));
  }
}

// The file says which size of the range it is.
TEST_F(CliRun, TakesOpenSizesFromTheInput) {
  for (const auto& [one, open] : {std::pair{"n=3 ", "n=2..9 "}, {"i=17 ", "i=4..90 "}}) {
    const std::string batch = one[0] == 'n' ? one : "", length = one[0] == 'i' ? one : "i=9 ";
    const std::string rest = "ic=3 oc=5 k=3 s=2 bias add";
    auto command = prepare("f32 nwc " + batch + length + rest);
    command[1] = "f32 nwc " + (one[0] == 'n' ? open + length : std::string(open)) + rest;
    const Finished f = tconv_cli(command);
    ASSERT_EQ(f.status, 0) << f.err;
    EXPECT_TRUE(output_is_right());
    std::filesystem::remove(folder_.file("y.npy"));
    command[1] = "f32 nwc " + (one[0] == 'n' ? "n=4..9 " + length : "i=18..20 ") + rest;
    expect_refused(command, one[0] == 'n' ? "the problem has n=4..9" : "the problem has i=18..20");
  }
}

TEST_F(CliRun, RefusesFilesThatDoNotFit) {
  const auto command = prepare(kLine);
  const float zeros[400] = {};
  const auto with = [&](const char* descr, const std::vector<std::int64_t>& dims,
                        std::size_t bytes) {
    tools::write_npy(folder_.file("x.npy"), descr, dims, zeros, bytes);
    return command;
  };
  expect_refused(with("<f4", {1, 4, 5, 6}, 480),
                 "its shape is [1, 4, 5, 6]; the problem needs [1, 5, 4, 6]");
  expect_refused(with("<f8", {1, 5, 4, 6}, 960), "<f8");
  std::ofstream(folder_.file("x.npy")) << "no array";
  expect_refused(command, "not an NPY");
  std::filesystem::remove(folder_.file("x.npy"));
  expect_refused(command, "cannot be read");
}

TEST_F(CliRun, RefusesMissingAndSpareOperands) {
  auto command = prepare("f32 nwc ic=3 oc=5 i=9 k=3 s=2 bias add");
  command.resize(command.size() - 2);
  expect_refused(command, "--add");
  command = prepare(kLine);
  command.insert(command.end(), {"--mul", folder_.file("x.npy")});
  expect_refused(command, "--mul");
}

TEST_F(CliRun, AnOutputThatCannotBeWrittenLeavesNothing) {
  auto command = prepare(kLine);
  for (std::string& word : command)
    if (word == folder_.file("y.npy")) word = folder_.file("no/folder/y.npy");
  expect_refused(command, "cannot be written");
}

}  // namespace
}  // namespace tconv

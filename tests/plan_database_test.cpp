// Plan databases: what a line is, which create takes which plan, and what is said where one is not
// taken.
#include "runtime/plan_database.h"

#include <gtest/gtest.h>

#include <fstream>

#include "planner/planner.h"
#include "runtime/error.h"
#include "runtime/host.h"
#include "tconv/inspect.hpp"
#include "tconv/tconv.h"
#include "tests/support/temporary_folder.h"

namespace tconv {
namespace {

const std::string kLine = "f32 nhwc ic=32 oc=32 i=8x8 k=4 s=2 p=1 bias";
const std::string kPlan = "direct(mr=3,nr=1)";  // legal everywhere, and nobody's choice

std::string canonical() { return parse_problem(kLine).line; }

PlanEntry entry(const std::string& plan = kPlan, int threads = 1) {
  PlanEntry e;
  e.problem = canonical();
  e.machine = plan_machine(host_info().isa);
  e.threads = e.workers = threads;
  e.plan = plan;
  e.us = 12.5;
  e.version = version();
  return e;
}

std::string refusal(const auto& call) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(e.status(), Status::invalid_argument) << e.what();
    return e.what();
  }
  return "was not refused";
}

class PlanDatabases : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::vector<PlanEntry>& entries) {
    return write_text(name, plan_file_text(entries));
  }
  std::string write_text(const std::string& name, const std::string& text) {
    const std::string path = folder_.file(name);
    std::ofstream(path) << text;
    return path;
  }
  static ConvTranspose create(const std::string& options, const std::string& line = kLine) {
    return ConvTranspose::create(line, Options::parse(options));
  }
  void TearDown() override { load_plans(""); }

  test::TemporaryFolder folder_;
};

TEST_F(PlanDatabases, TextComesBack) {
  PlanEntry second = entry("direct(mr=2,nr=1)", 4);
  second.workers = 2;
  second.accuracy = "exact-order";
  const std::vector<PlanEntry> entries = {entry(), second};
  const std::string text = plan_file_text(entries);
  const PlanFile file = parse_plan_file(text, "f");
  EXPECT_TRUE(file.damaged.empty());
  ASSERT_EQ(file.entries.size(), 2U);
  EXPECT_EQ(plan_file_text(file.entries), text);
  EXPECT_EQ(file.entries[1].workers, 2);
  EXPECT_EQ(file.entries[1].accuracy, "exact-order");
  // Files put one behind the other are a file; remarks and empty lines are nothing.
  EXPECT_EQ(parse_plan_file(text + "# a remark\n\n" + text, "f").entries.size(), 4U);
  EXPECT_TRUE(parse_plan_file("", "f").entries.empty());
}

TEST_F(PlanDatabases, DamagedLinesAreSkippedAndNamed) {
  const std::string good = plan_file_text({entry()});
  const std::string head = good.substr(0, good.find('\n') + 1);
  const std::string line = good.substr(head.size());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string damaged = line;
    damaged.replace(damaged.find(from), from.size(), to);
    return damaged;
  };
  const auto says = [&](const std::string& damaged, const std::string& words) {
    const PlanFile file = parse_plan_file(head + line + damaged + line, "plans.txt");
    EXPECT_EQ(file.entries.size(), 2U) << damaged;
    ASSERT_EQ(file.damaged.size(), 1U) << damaged;
    EXPECT_TRUE(file.damaged[0].starts_with("plans.txt: line 3: ")) << file.damaged[0];
    EXPECT_NE(file.damaged[0].find(words), std::string::npos) << file.damaged[0];
  };
  says(with("mr=3", "mv=3"), "mv");
  says(with("direct(", "indirect("), "indirect");
  says(with("oc=32", "oc=0"), "oc");
  says(with("\t", " "), "8 fields separated by tabs");
  says(with("\tdirect", "\t\tdirect"), "8 fields separated by tabs");
  says(with("12.50", "-12.5"), "us '-12.5': a positive number");
  says(with("12.50", "nan"), "us 'nan'");
  says(with("\t1\t1\t", "\t0\t1\t"), "threads '0': a number in 1..");
  says(with("\t1\t1\t", "\t1\t2\t"), "workers '2': a number in 1..1");
  says(with("\tdefault\t", "\tsome\t"), "accuracy 'some'");
  says(with("\t" + host_info().isa, "\tsse9"), "machine 'sse9");
  const PlanFile cut = parse_plan_file(good + line.substr(0, line.size() - 1), "f");
  EXPECT_EQ(cut.entries.size(), 1U);
  EXPECT_NE(cut.damaged.at(0).find("cut off"), std::string::npos);
}

TEST_F(PlanDatabases, OtherVersionsAreRefusedWhole) {
  const auto why = [](const std::string& text) {
    return refusal([&] { parse_plan_file(text, "plans.txt"); });
  };
  EXPECT_NE(why("tconv-plans 2\n").find("line 1: 'tconv-plans 2': 'tconv-plans 1' is expected"),
            std::string::npos);
  EXPECT_NE(why("something else\n").find("line 1"), std::string::npos);
  EXPECT_NE(why(plan_file_text({entry()}) + "tconv-plans 3\n").find("line 3"), std::string::npos);
}

TEST_F(PlanDatabases, CreateTakesThePlanAndSaysSo) {
  const std::string path = write("plans", {entry()});
  const ConvTranspose op = create("plans=" + path);
  EXPECT_EQ(inspect(op).plan, kPlan);
  EXPECT_NE(op.describe().find("plan_from=" + path + " measured_us=12.50"), std::string::npos);
  EXPECT_EQ(plan_report(kLine, Options::parse("plans=" + path)).chosen, kPlan);
  EXPECT_EQ(ir_text(kLine, Options::parse("plans=" + path)),
            ir_text(kLine, Options::parse("plan=" + kPlan)));
  // Nobody else does: another problem, threads, accuracy, isa; and a plan that is named wins.
  const std::string model = inspect(create("plans=none")).plan;
  ASSERT_NE(model, kPlan);
  for (const std::string& options : {std::string(), std::string("accuracy=exact-order "),
                                     std::string("isa=sse2 backend=interpreter ")})
    EXPECT_NE(inspect(create(options + (options.empty() ? "plans=none" : "plans=" + path))).plan,
              kPlan);
  EXPECT_NE(inspect(create("plans=" + path, kLine + " relu")).plan, kPlan);
  const ConvTranspose named = create("plan=direct(mr=2,nr=1) plans=" + path);
  EXPECT_EQ(inspect(named).plan, "direct(mr=2,nr=1)");
  EXPECT_EQ(named.describe().find("plan_from"), std::string::npos);
}

TEST_F(PlanDatabases, OfSeveralFilesTheLastCounts) {
  const std::string a = write("a", {entry()}), b = write("b", {entry("direct(mr=2,nr=1)")});
  EXPECT_EQ(inspect(create("plans=" + a + ":" + b)).plan, "direct(mr=2,nr=1)");
  EXPECT_EQ(inspect(create("plans=" + b + ":" + a)).plan, kPlan);
}

TEST_F(PlanDatabases, OtherMachinesDoNotCount) {
  PlanEntry foreign = entry();
  foreign.machine += "0K";
  EXPECT_NE(inspect(create("plans=" + write("plans", {foreign}))).plan, kPlan);
}

TEST_F(PlanDatabases, APlanThatIsNotLegalIsReportedAndTheModelChooses) {
  const std::string model = inspect(create("plans=none")).plan;
  const std::string path = write("plans", {entry("direct(mr=400,nr=1)")});
  const ConvTranspose op = create("plans=" + path);
  EXPECT_EQ(inspect(op).plan, model);
  const std::string note = inspect(op).plan_note;
  EXPECT_NE(note.find("plan_from=model, not direct(mr=400,nr=1) of " + path + ": "),
            std::string::npos)
      << note;
  EXPECT_GT(note.size(), path.size() + 50) << "the reason is missing: " << note;
  EXPECT_NE(op.describe().find(note), std::string::npos);
}

TEST_F(PlanDatabases, ExactOrderTakesNoPlanOfAnotherOrder) {
  const std::string line = "f32 nhwc ic=64 oc=64 i=32x32 k=4 s=2 p=1 bias";
  PlanEntry e = entry("winograd(m=3x3,mr=4,nr=4,rows=3,cols=36)");
  e.problem = parse_problem(line).line;
  e.accuracy = "exact-order";
  const ConvTranspose op = create("accuracy=exact-order plans=" + write("plans", {e}), line);
  EXPECT_NE(inspect(op).plan_note.find("another order"), std::string::npos);
  EXPECT_EQ(inspect(op).error_factor, 1);
}

TEST_F(PlanDatabases, ResultsDoNotDependOnTheNumberOfThreads) {
  const std::string line = "f32 nhwc n=4 ic=64 oc=64 i=64x64 k=4 s=2 p=1 bias";
  const auto of = [&](const std::string& plan, int threads) {
    PlanEntry e = entry(plan, threads);
    e.problem = parse_problem(line).line;
    return e;
  };
  const std::string direct = "direct(mr=6,nr=4)",
                    winograd = "winograd(m=3x3,mr=4,nr=4,rows=3,cols=66)";
  const auto order = [&](const ConvTranspose& op) {
    return planner::sum_order(planner::parse_problem(line), planner::parse_plan(inspect(op).plan));
  };
  for (const std::string& first : {direct, winograd}) {
    const std::string& other = first == direct ? winograd : direct;
    const std::string alone = write("alone" + first.substr(0, 4), {of(first, 1)});
    const ConvTranspose one = create("threads=1 plans=" + alone, line);
    EXPECT_EQ(inspect(one).plan, first);
    EXPECT_EQ(order(create("threads=2 plans=" + alone, line)), order(one));
    const std::string both = write("both" + first.substr(0, 4), {of(first, 1), of(other, 2)});
    const ConvTranspose two = create("threads=2 plans=" + both, line);
    EXPECT_EQ(order(two), order(one));
    EXPECT_NE(inspect(two).plan, other);
  }
  const std::string model = inspect(create("threads=1 plans=none", line)).plan;
  const std::string& foreign = model.starts_with("winograd") ? direct : winograd;
  const ConvTranspose two = create("threads=2 plans=" + write("two", {of(foreign, 2)}), line);
  EXPECT_EQ(order(two), order(create("threads=1 plans=none", line)));
  EXPECT_NE(two.describe().find("another order than one thread would"), std::string::npos);
}

TEST_F(PlanDatabases, WorkersAreThoseThatWereMeasured) {
  const std::string line = "f32 nhwc ic=32 oc=32 i=8x8 k=2 s=2 bias";  // nothing for winograd
  PlanEntry e = entry(kPlan, 2);
  e.problem = parse_problem(line).line;
  e.workers = 1;
  const ConvTranspose op = create("threads=2 plans=" + write("plans", {e}), line);
  EXPECT_EQ(inspect(op).plan, kPlan);
  EXPECT_EQ(inspect(op).workers, 1);
}

TEST_F(PlanDatabases, AreReadOnceUnlessTheyAreLoadedAnew) {
  const std::string path = write("plans", {entry()});
  EXPECT_EQ(inspect(create("plans=" + path)).plan, kPlan);
  write("plans", {entry("direct(mr=2,nr=1)")});
  EXPECT_EQ(inspect(create("plans=" + path)).plan, kPlan);
  const PlansLoaded now = load_plans(path);
  EXPECT_EQ(now.entries, 1U);
  EXPECT_TRUE(now.damaged.empty());
  // For everybody, past the operations that are kept, until it is taken away.
  EXPECT_EQ(inspect(create("")).plan, "direct(mr=2,nr=1)");
  EXPECT_NE(inspect(create("plans=none")).plan, "direct(mr=2,nr=1)");
  load_plans("");
  EXPECT_NE(inspect(create("")).plan, "direct(mr=2,nr=1)");
}

TEST_F(PlanDatabases, FilesThatCannotBeReadAreRefusedByName) {
  const std::string path = folder_.file("none");
  EXPECT_NE(refusal([&] { create("plans=" + path); }).find("plans=" + path + ": there is no such"),
            std::string::npos);
  EXPECT_NE(refusal([&] { load_plans(path); }).find("there is no such"), std::string::npos);
  EXPECT_NE(refusal([&] { load_plans(folder_.path()); }), "was not refused");
  const std::string newer = write_text("newer", "tconv-plans 9\n");
  EXPECT_NE(refusal([&] { load_plans(newer); }).find("reads no other version"), std::string::npos);
}

TEST_F(PlanDatabases, TheCApiLoadsThem) {
  const std::string good = plan_file_text({entry()});
  const std::string path = write_text("plans", good + "damage\n");
  size_t entries = 0, damaged = 0;
  ASSERT_EQ(tconv_load_plans(path.c_str(), &entries, &damaged), TCONV_OK);
  EXPECT_EQ(entries, 1U);
  EXPECT_EQ(damaged, 1U);
  tconv_op* op = nullptr;
  ASSERT_EQ(tconv_create(kLine.c_str(), nullptr, &op), TCONV_OK);
  EXPECT_NE(std::string(tconv_describe(op)).find("plan=" + kPlan + " "), std::string::npos);
  tconv_destroy(op);
  EXPECT_EQ(tconv_load_plans("/none", nullptr, nullptr), TCONV_INVALID_ARGUMENT);
  ASSERT_EQ(tconv_create(kLine.c_str(), nullptr, &op), TCONV_OK);
  EXPECT_NE(std::string(tconv_describe(op)).find("plan=" + kPlan + " "), std::string::npos);
  tconv_destroy(op);
  EXPECT_EQ(tconv_load_plans("", &entries, nullptr), TCONV_OK);
  EXPECT_EQ(tconv_load_plans(nullptr, nullptr, nullptr), TCONV_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace tconv

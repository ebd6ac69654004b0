// Every integer of the example programs, changed by one. A mutant that leaves a buffer must be
// rejected where it does; every other one must compute something else.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>

#include "ir/interpret.h"
#include "ir/print.h"
#include "ir/verify.h"
#include "tests/support/example_programs.h"
#include "tests/support/sanitizer.h"

namespace tconv::ir {
namespace {

using test::ExampleProgram;

// Calls `change` at every integer that can be mutated: `add` adds to it.
class Integers {
 public:
  using Add = std::function<void(int)>;
  using Visit = std::function<void(int line, const std::string& what, const Add& add)>;
  explicit Integers(const Visit& visit) : visit_(visit) {}

  void program(Program& p) {
    for (Stage& s : p.stages)
      for (Kernel& k : s.kernels) {
        line_ = k.line;
        for (GridAxis& a : k.grid) form(a.extent, "grid extent");
        block(k.body);
      }
  }
  void operator()(For& s) {
    forms(s.lo, "lower bound");
    forms(s.hi, "upper bound");
    block(s.body);
  }
  void operator()(Unroll& s) {
    visit_(line_, "unroll from", [&](int n) { s.lo += n; });
    visit_(line_, "unroll to", [&](int n) { s.hi += n; });
    block(s.body);
  }
  void operator()(If& s) {
    forms(s.conditions, "guard");
    block(s.body);
  }
  void operator()(Vec&) {}
  void operator()(Assign& s) {
    forms(s.dst.index, "register");
    for (Operand& o : s.operands) {
      if (auto* r = std::get_if<RegRef>(&o)) forms(r->index, "register");
      if (auto* l = std::get_if<Load>(&o)) memory(l->mem), lanes(l->lanes);
      if (auto* b = std::get_if<Bcast>(&o)) memory(b->mem);
    }
  }
  void operator()(Store& s) {
    memory(s.mem);
    lanes(s.lanes);
    forms(s.value.index, "register");
  }
  void operator()(Prefetch&) {}

 private:
  void block(Block& b) {
    for (Stmt& s : b) {
      line_ = s.line;
      std::visit(*this, s.node);
    }
  }
  void form(Affine& f, const char* what) {
    visit_(line_, what, [&](int n) { f += n; });
  }
  void forms(std::vector<Affine>& list, const char* what) {
    for (Affine& f : list) form(f, what);
  }
  void memory(Mem& m) { forms(m.index, "offset"); }
  void lanes(Lanes& l) {
    if (l.all()) return;
    visit_(line_, "first lane", [&](int n) { l.lo += n; });
    visit_(line_, "last lane", [&](int n) { l.hi += n; });
  }
  const Visit& visit_;
  int line_ = 0;
};

struct LeftBuffer : std::runtime_error {
  explicit LeftBuffer(int at) : std::runtime_error("left its buffer"), line(at) {}
  int line;
};

enum class Outcome { right, wrong, left };
struct Ending {
  Outcome outcome = Outcome::right;
  int line = 0;  // of the access that left its buffer
};

// Right is: the output is what the definition says, and every element was written exactly once.
Ending run(ExampleProgram& e, const Program& program) {
  const auto buffers = test::arguments(e);
  std::vector<int> writes(e.expected.size(), 0);
  try {
    interpret(program, buffers.data(), nullptr, [&](const Access& a) {
      const Buffer& buffer = program.buffers[a.buffer];
      if (a.offset < 0 || a.offset + a.bytes > max_bytes(program, buffer)) throw LeftBuffer(a.line);
      if (buffer.kind != BufferKind::out) return;
      for (std::int64_t i = 0; i < a.bytes; i += 4)
        ++writes[static_cast<std::size_t>((a.offset + i) / 4)];
    });
  } catch (const LeftBuffer& left) {
    return {Outcome::left, left.line};
  } catch (const std::logic_error&) {  // a register outside its array
    return {Outcome::wrong, 0};
  }
  const bool once = std::count(writes.begin(), writes.end(), 1) == std::ssize(writes);
  return {once && test::worst_error(e) < test::kExampleTolerance ? Outcome::right : Outcome::wrong,
          0};
}

// Mutants that compute the same as the original, and why.
const std::map<std::string, std::string>& equivalent(const std::string& example) {
  static const std::map<std::string, std::map<std::string, std::string>> list = {
      {"k256",
       {{"6: grid extent +1", "the guards of the store close for block 21"},
        {"17: guard +1", "the guarded form is a multiple of 16"},
        {"17: guard #2 +1", "the guarded form is a multiple of 16"}}},
      {"merged",
       {{"9: upper bound +1", "row 2 of the strip exists and is not used"},
        {"9: upper bound #2 +1", "column 18 is column 0 of the next row; rejected all the same"}}},
      {"scatter",
       {{"10: lower bound +1", "row 0 of the sums is outside the output"},
        {"10: upper bound -1", "row 21 of the sums is outside the output"},
        {"28: last lane +1", "the lane is loaded and not stored"}}},
      {"wino", {{"9: grid extent #2 +1", "the guards of loads and stores close for tile row 6"}}}};
  static const std::map<std::string, std::string> none;
  const auto found = list.find(example);
  return found == list.end() ? none : found->second;
}

class Mutants : public testing::TestWithParam<std::string> {};

TEST_P(Mutants, LeaveABufferAndAreRejectedOrFail) {
  ExampleProgram e = test::load_example(GetParam());
  ASSERT_TRUE(verify(e.program).empty());
  Program mutant = e.program;
  int total = 0, rejected = 0, left = 0;
  std::map<std::string, int> seen;  // how often each kind of integer was met on its line
  std::set<std::string> tried, right;
  std::size_t integers = 0;
  const Integers::Visit visit = [&](int line, const std::string& what, const Integers::Add& add) {
    std::string label = std::to_string(line) + ": " + what;
    if (const int n = ++seen[label]; n > 1) label += " #" + std::to_string(n);
    if (tests::left_out(integers++)) return;
    for (const int change : {-1, 1}) {
      add(change);
      const std::string name = label + (change > 0 ? " +1" : " -1");
      tried.insert(name);
      const std::vector<Fault> faults = verify(mutant);
      const Ending end = run(e, mutant);
      ++total;
      rejected += !faults.empty();
      left += end.outcome == Outcome::left;
      if (end.outcome == Outcome::left) {
        EXPECT_TRUE(
            std::any_of(faults.begin(), faults.end(),
                        [&](const Fault& f) { return f.line == line || f.line == end.line; }))
            << name << " leaves a buffer at line " << end.line;
      }
      if (end.outcome == Outcome::right) right.insert(name);
      add(-change);
    }
  };
  Integers(visit).program(mutant);
  ASSERT_EQ(mutant, e.program);
  for (const auto& [name, reason] : equivalent(GetParam()))
    if (tried.count(name) == 1) {
      EXPECT_EQ(right.erase(name), 1U) << name << " is listed as equivalent: " << reason;
    }
  for (const std::string& name : right) ADD_FAILURE() << name << " computes the same";
  std::printf("%d mutants, %d leave a buffer, %d rejected\n", total, left, rejected);
}

INSTANTIATE_TEST_SUITE_P(, Mutants, testing::ValuesIn(test::example_names()),
                         [](const auto& example) { return example.param; });

}  // namespace
}  // namespace tconv::ir

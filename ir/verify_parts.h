// The parts of verify(), each with one job. Internal to ir/.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ir/facts.h"
#include "ir/ir.h"
#include "ir/target.h"
#include "ir/verify.h"

namespace tconv::ir {

// What all parts share: the program, what is known at this point of the walk, the faults so far.
struct Checking {
  Checking(const Program& p, const Target& t) : program(p), target(t), facts(p.vars.size()) {}

  void fault(std::string what) { faults.push_back({line, std::move(what)}); }
  std::string text(const Affine& form) const;
  // Numbers not too large, variables in scope. Everything else relies on it.
  bool form(const Affine& form);
  bool forms(const std::vector<Affine>& list);

  const Program& program;
  const Target& target;
  Facts facts;
  std::vector<Fault> faults;
  int line = 0;  // of what is being checked
};

// Params, buffers and views; opens the params' scope. False: nothing else can be checked.
bool check_declarations(Checking& c);

// Operand counts, types, constants, lanes. Registers and views exist.
bool check_types(Checking& c, const Assign& s);
bool check_types(Checking& c, const Store& s);

// Accesses of one kernel: bounds, shared pointers, displacements, streaming.
class Accesses {
 public:
  explicit Accesses(Checking& c) : c_(c), views_(c.program.views.size()) {}
  void begin_kernel();
  // View exists, as many indices as dimensions, forms sound.
  bool sound(const Mem& mem);
  // Elements lo..hi-1 of the innermost dimension, counted from the address, are touched.
  void touch(const Mem& mem, int lo, int hi);
  void address(const Mem& mem);  // prefetch: only the rules of pointers
  void stream(const Mem& mem, DType register_type);

 private:
  struct Coefficient {
    VarId var = 0;
    std::int64_t value = 0;
  };
  struct ViewUse {
    bool used = false;
    std::vector<Coefficient> coefficients;  // by scope slot: first access in that scope
  };
  // Bytes from the start of the buffer: coefficients by scope slot into offset_, and the constant.
  bool byte_offset(const Mem& mem, std::int64_t& constant);
  void pointer_rules(const Mem& mem, std::int64_t constant);

  Checking& c_;
  std::vector<ViewUse> views_;
  int pointers_ = 0;
  std::vector<std::int64_t> offset_;
};

// Registers of one kernel: scopes, pressure, indices, and definite assignment, which is checked on
// the kernel with its unrolls expanded.
class Registers {
 public:
  explicit Registers(Checking& c) : c_(c), base_(c.program.regs.size(), -1) {}
  void begin_kernel();
  void end_kernel(bool expandable);  // checks what was recorded since begin_kernel

  std::size_t open_block() const { return live_.size(); }
  void close_block(std::size_t mark);
  void declare(RegId reg);
  bool sound(const RegRef& r);  // in scope, right number of indices in unroll variables
  void temporaries(const Stmt& s);
  void read(const RegRef& r) { access(r, false); }
  void write(const RegRef& r) { access(r, true); }

  void begin_unroll(VarId v, std::int64_t lo, std::int64_t hi);
  void begin_for(bool runs);  // `runs`: at least once
  void begin_if(const std::vector<Affine>& conditions);
  void end_body() { close_event(); }

 private:
  struct Flat {  // constant + terms over unroll slots
    std::int64_t constant = 0;
    std::uint32_t begin = 0, end = 0;  // in terms_
  };
  struct Event {
    enum class Kind : std::uint8_t { unroll, loop, guard, vec, read, write };
    Kind kind = Kind::vec;
    bool flag =
        false;  // loop: runs; guard: may also depend on run-time variables; access: check dims
    bool reported = false;
    int line = 0;
    std::uint32_t end = 0;  // of the body, in events_; of guards' forms in guards_
    std::uint32_t guards_begin = 0, guards_end = 0;
    std::uint32_t slot = 0;       // unroll
    std::int64_t lo = 0, hi = 0;  // unroll; vec: first register and one past the last
    Flat index;                   // access: number of the register
    const RegRef* ref = nullptr;
  };

  void access(const RegRef& r, bool write);
  Event& add(Event::Kind kind);
  void close_event();
  Flat flatten(const Affine& form);
  Wide evaluate(const Flat& f) const;
  void run(std::uint32_t begin, std::uint32_t end);
  void run_access(Event& e);
  bool holds(const Event& e) const;

  Checking& c_;
  std::vector<int> base_;  // by RegId: first register, -1 outside its scope
  std::vector<RegId> live_;
  int used_ = 0;  // registers of the live vecs
  bool too_many_ = false;
  std::vector<bool> declared_;

  std::vector<Event> events_;
  std::vector<std::uint32_t> open_;
  std::vector<Term> terms_;  // var = unroll slot
  std::vector<Flat> guards_;
  std::vector<VarId> unrolls_;        // open while recording
  std::vector<std::int64_t> values_;  // by unroll slot, while running
  std::uint64_t assigned_ = 0;        // by register
};

}  // namespace tconv::ir

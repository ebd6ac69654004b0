// The cache's key changes with every input that changes code, and so does the spelling with every
// wish.
#include "runtime/kernel_key.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

namespace tconv {
namespace {

using runtime::KeyInputs;
using runtime::Settings;

KeyInputs inputs() {
  return {"f32 nwc n=1 ic=1 oc=1 i=1 o=1 k=1",
          "direct(mr=1,nr=1)",
          *ir::find_target("avx512"),
          planner::default_machine("avx512"),
          {"avx512f", "avx512bf16"},
          1,
          runtime::Backend::automatic,
          false,
          1,
          "1.2.3",
          ""};
}

template <class Value>
struct Flip {
  const char* what;
  std::function<void(Value&)> flip;
};

template <class Value, class Text>
void expect_all_different(const std::function<Value()>& base, const Text& text,
                          const std::vector<Flip<Value>>& flips) {
  std::map<std::string, std::string> seen{{text(base()), "nothing"}};
  EXPECT_EQ(text(base()), text(base()));
  for (const Flip<Value>& flip : flips) {
    Value value = base();
    flip.flip(value);
    const auto [other, fresh] = seen.emplace(text(value), flip.what);
    EXPECT_TRUE(fresh) << flip.what << " gives the text of " << other->second;
  }
}

TEST(KernelKey, EveryInputChangesIt) {
  expect_all_different<KeyInputs>(
      inputs, runtime::kernel_key,
      {
          {"problem", [](KeyInputs& k) { k.problem += " relu"; }},
          {"plan", [](KeyInputs& k) { k.plan = "direct(mr=2,nr=1)"; }},
          {"target name", [](KeyInputs& k) { k.target.name = "avx2"; }},
          {"vector bytes", [](KeyInputs& k) { k.target.vector_bytes = 32; }},
          {"registers", [](KeyInputs& k) { k.target.registers = 31; }},
          {"pointers", [](KeyInputs& k) { k.target.pointers += 1; }},
          {"fma", [](KeyInputs& k) { k.target.fma ^= true; }},
          {"bcast operand", [](KeyInputs& k) { k.target.bcast_operand ^= true; }},
          {"masked lanes", [](KeyInputs& k) { k.target.masked_lanes ^= true; }},
          {"dot2", [](KeyInputs& k) { k.target.dot2 ^= true; }},
          {"half", [](KeyInputs& k) { k.target.half ^= true; }},
          {"instructions", [](KeyInputs& k) { k.target.max_instructions += 1; }},
          {"avx512_bf16", [](KeyInputs& k) { k.features.pop_back(); }},
          {"machine target", [](KeyInputs& k) { k.machine.target = "avx2"; }},
          {"l1", [](KeyInputs& k) { k.machine.l1_bytes += 1; }},
          {"l2", [](KeyInputs& k) { k.machine.l2_bytes += 1; }},
          {"l3", [](KeyInputs& k) { k.machine.l3_bytes += 1; }},
          {"ghz", [](KeyInputs& k) { k.machine.ghz += 0.125; }},
          {"fma rate", [](KeyInputs& k) { k.machine.fma_per_cycle += 1; }},
          {"f64 fma rate", [](KeyInputs& k) { k.machine.f64_fma_per_cycle += 1; }},
          {"dot2 rate", [](KeyInputs& k) { k.machine.dot2_per_cycle += 1; }},
          {"load rate", [](KeyInputs& k) { k.machine.loads_per_cycle += 1; }},
          {"store rate", [](KeyInputs& k) { k.machine.stores_per_cycle += 1; }},
          {"l2 rate", [](KeyInputs& k) { k.machine.l2_bytes_per_cycle += 1; }},
          {"l3 rate", [](KeyInputs& k) { k.machine.l3_bytes_per_cycle += 1; }},
          {"dram rate", [](KeyInputs& k) { k.machine.dram_bytes_per_cycle += 1; }},
          {"write rate", [](KeyInputs& k) { k.machine.dram_write_bytes_per_cycle += 1; }},
          {"stream rate", [](KeyInputs& k) { k.machine.stream_write_bytes_per_cycle += 1; }},
          {"stream from", [](KeyInputs& k) { k.machine.stream_from_bytes += 1; }},
          {"grid point", [](KeyInputs& k) { k.machine.grid_point_cycles += 1; }},
          {"fork", [](KeyInputs& k) { k.machine.fork_us += 1; }},
          {"machine threads", [](KeyInputs& k) { k.machine.threads = 2; }},
          {"threads", [](KeyInputs& k) { k.threads = 2; }},
          {"xbyak", [](KeyInputs& k) { k.backend = runtime::Backend::xbyak; }},
          {"llvm", [](KeyInputs& k) { k.backend = runtime::Backend::llvm; }},
          {"interpreter", [](KeyInputs& k) { k.backend = runtime::Backend::interpreter; }},
          {"fallback", [](KeyInputs& k) { k.interpreter_fallback = true; }},
          {"IR version", [](KeyInputs& k) { k.ir_version += 1; }},
          {"tconv version", [](KeyInputs& k) { k.tconv_version = "1.2.4"; }},
          {"plan note", [](KeyInputs& k) { k.plan_note = "plan_from=f"; }},
      });
}

TEST(KernelKey, EveryWishChangesTheSpelling) {
  struct Wish {
    Wish() { settings.isa = "avx512", settings.plan = "direct(mr=1,nr=1)"; }
    std::string line = "f32 nwc ic=1";
    Settings settings;
  };
  const auto text = [](const Wish& w) { return runtime::spelling(w.line, w.settings); };
  expect_all_different<Wish>(
      [] { return Wish{}; }, text,
      {
          {"line", [](Wish& w) { w.line += " "; }},
          {"threads", [](Wish& w) { w.settings.threads = 11; }},
          {"fork", [](Wish& w) { w.settings.fork_us = 0.5; }},
          {"isa", [](Wish& w) { w.settings.isa = "avx2"; }},
          {"backend", [](Wish& w) { w.settings.backend = runtime::Backend::xbyak; }},
          {"no plan", [](Wish& w) { w.settings.plan = ""; }},
          {"plan", [](Wish& w) { w.settings.plan = "direct(mr=1,nr=2)"; }},
          {"plan and line glued",
           [](Wish& w) {
             w.line = w.settings.plan.back() + w.line;
             w.settings.plan.pop_back();
           }},
          {"machine file", [](Wish& w) { w.settings.machine = "m"; }},
          {"plan and machine file glued",
           [](Wish& w) {
             w.settings.machine = w.settings.plan.back();
             w.settings.plan.pop_back();
           }},
          {"fallback", [](Wish& w) { w.settings.interpreter_fallback = true; }},
      });
  EXPECT_NE(text(Wish{}), runtime::kernel_key(inputs()));
}

}  // namespace
}  // namespace tconv

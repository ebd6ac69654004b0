// Names of kernels for profilers and debuggers. Off by default: costs a file write and a breakpoint
// function per program.
#pragma once

#include <span>

#include "jit/backend.h"

namespace tconv::jit {

// Whether programs compiled from now on appear in /tmp/perf-<pid>.map (perf) and through GDB's JIT
// interface. Starts on where the environment says TCONV_PERF=1, or TCONV_PERF=jitdump: then their
// code goes into /tmp/jit-<pid>.dump, too (jit_dump.h). Thread-safe.
void set_perf_map(bool on);
bool perf_map_enabled();

// Appends the program's kernels to the map. Failure to write is ignored: it only costs names.
void append_perf_map(const CompiledProgram& program);

}  // namespace tconv::jit

// Code and names in perf's jitdump format, so that `perf inject --jit` and `perf annotate` see the
// instructions of kernels that are gone by then.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace tconv::jit {

// The environment says TCONV_PERF=jitdump.
bool jit_dump_wanted();

// Appends a function to /tmp/jit-<pid>.dump, which is made by the first. Failure to write is
// ignored: it only costs names. Thread-safe.
void append_jit_dump(std::span<const std::byte> code, const std::string& name);

}  // namespace tconv::jit

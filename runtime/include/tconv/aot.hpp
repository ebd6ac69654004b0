// Kernels ahead of time: static libraries that need no tconv, with headers in C. What is in them
// and how it is used: docs/aot.md. `tconv aot` is this function and a folder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tconv/export.h"
#include "tconv/tconv.hpp"

namespace tconv {

struct AotLayer {
  std::string name;     // what the header calls it; empty: named after the problem
  std::string problem;  // a problem line
};

struct TCONV_API AotOptions {
  std::string library = "tconv_kernels";  // letters, digits and _: libNAME.a, NAME.h, ..
  // avx512bf16, avx512, avx2. The CPU that runs it chooses the best of them. Empty: what this
  // host has.
  std::vector<std::string> isas;
  // xbyak, auto. Empty: auto.
  std::string backend;
  // The core that plans are made for: native (this host and its caches), or a name of the machine
  // table, with which every host makes the same plans. Empty: native.
  std::string cpu;
  // Of the system that will run it: x86_64-linux-gnu, the default, or another Linux on x86-64.
  std::string triple;
  // plan, accuracy, machine, threads as at create; isa, backend and fallback must be empty.
  Options create;
};

struct AotFile {
  std::string name, contents;
  bool common = false;  // the same in every library that this tconv makes
};
struct AotKernel {
  std::string isa, backend, plan;
  std::int64_t code_bytes = 0;  // constants included
};
struct AotCompiled {
  std::string name, problem, symbol;  // symbol: the prefix of its functions in the library
  std::int64_t packed_filter_bytes = 0;
  std::int64_t workspace_bytes = 0;  // of one worker
  std::int64_t worker_bytes = 0;     // for each further one
  std::vector<AotKernel> kernels;    // best isa first
};
struct AotLibrary {
  std::vector<AotFile> files;  // library, headers, CMake file; the manifest last
  std::vector<AotCompiled> layers;
};

// Runs none of the code, so the isas need not be the host's. The same layers and options make the
// same bytes (with cpu=native: on the same kind of host). Throws Error; two layers whose names are
// the same in C are invalid_argument. Thread-safe.
TCONV_API AotLibrary compile_aot(const std::vector<AotLayer>& layers,
                                 const AotOptions& options = {});

}  // namespace tconv

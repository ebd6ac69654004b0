// Kernels ahead of time: libraries that need no tconv, with headers in C. What is in them
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
  // avx512fp16 (for sum=f16), avx512bf16, avx512, avx2, sse2; on AArch64 neon128. The CPU that runs
  // it chooses the best of them; sse2 is what every x86-64 has. Empty: what this host has, its sse2
  // left out; neon128.
  std::vector<std::string> isas;
  // xbyak, which has no sse2 and no neon128; llvm; auto: xbyak for what it has. Empty: auto.
  std::string backend;
  // The core that plans are made for: native (this host and its caches), or a name of the machine
  // table, with which every host makes the same plans; where LLVM compiles something also one of
  // LLVM's, which then schedules for that core. Empty: native; on AArch64 generic.
  std::string cpu;
  // Of the system that will run it: x86_64-linux-gnu, the default, or another one with ELF files on
  // x86-64 or AArch64.
  std::string triple;
  // static (libNAME.a), shared (libNAME.so) or object (NAME.o): the last two are for a linker to
  // make, see AotFile. Empty: static.
  std::string type;
  // plan, accuracy, machine, threads as at create; isa, backend and fallback must be empty.
  Options create;
};

struct AotFile {
  std::string name, contents;
  bool common = false;  // the same in every library that this tconv makes
  // Not empty: `contents` is an archive, and the file is what the C compiler of the triple makes of
  // all of it and of link_source, in C, with this option (-shared, -r) and -nostdlib.
  std::string link, link_source;
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
  // Library, headers, CMake file, outside of x86-64 a C file to compile; the manifest last.
  std::vector<AotFile> files;
  std::vector<AotCompiled> layers;
};

// Runs none of the code, so the isas need not be the host's. The same layers and options make the
// same bytes (with cpu=native: on the same kind of host). Throws Error; two layers whose names are
// the same in C are invalid_argument. Thread-safe.
TCONV_API AotLibrary compile_aot(const std::vector<AotLayer>& layers,
                                 const AotOptions& options = {});

}  // namespace tconv

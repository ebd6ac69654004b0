// The names of cores in ahead-of-time options: the machine table's and LLVM's.
#pragma once

#include <string>

namespace tconv::runtime {

struct AotCpu {
  std::string core;  // of the machine table; empty: this host and its caches
  std::string tune;  // LLVM's name of it, as in ObjectRequest::cpu
};

// `llvm`: it compiles some of the kernels, so that its names are allowed, too; which of them it
// does not know it says itself. Throws Error.
AotCpu find_cpu(const std::string& name, const std::string& arch, bool llvm);

}  // namespace tconv::runtime

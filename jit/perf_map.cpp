#include "jit/perf_map.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "jit/jit_dump.h"

namespace tconv::jit {
namespace {

std::atomic<bool>& enabled() {
  static std::atomic<bool> on{[] {
    const char* text = std::getenv("TCONV_PERF");
    return text != nullptr && (std::strcmp(text, "1") == 0 || jit_dump_wanted());
  }()};
  return on;
}

}  // namespace

void set_perf_map(bool on) { enabled() = on; }
bool perf_map_enabled() { return enabled(); }

void append_perf_map(const CompiledProgram& program) {
  std::string text;
  const auto& stages = program.stages();
  for (std::size_t s = 0; s < stages.size(); ++s) {
    for (const KernelCode& k : stages[s]) {
      const std::string name = k.name + "::stage" + std::to_string(s);
      if (jit_dump_wanted()) append_jit_dump(program.code().subspan(k.offset, k.bytes), name);
      char range[48];
      std::snprintf(range, sizeof range, "%llx %zx ",
                    static_cast<unsigned long long>(
                        reinterpret_cast<std::uintptr_t>(program.code().data() + k.offset)),
                    k.bytes);
      text += range + name + '\n';
    }
  }
  const std::string path = "/tmp/perf-" + std::to_string(getpid()) + ".map";
  // One write in append mode: lines of several threads do not mix.
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return;
  [[maybe_unused]] const ssize_t written = write(file, text.data(), text.size());
  close(file);
}

}  // namespace tconv::jit

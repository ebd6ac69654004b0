#include "jit/jit_dump.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace tconv::jit {
namespace {

// Linux, tools/perf/Documentation/jitdump-specification.txt: native byte order, no padding.
struct Header {
  std::uint32_t magic = 0x4A695444, version = 1, bytes = sizeof(Header), machine = EM_X86_64;
  std::uint32_t zero = 0, pid = 0;
  std::uint64_t time = 0, flags = 0;
};
struct CodeLoad {
  std::uint32_t id = 0, bytes = 0;
  std::uint64_t time = 0;
  std::uint32_t pid = 0, thread = 0;
  std::uint64_t address = 0, same_address = 0, code_bytes = 0, index = 0;
};
static_assert(sizeof(Header) == 40 && sizeof(CodeLoad) == 56);

// perf record -k mono puts its own events on this clock.
std::uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

// The page that is mapped executable is what perf record notices; it is never unmapped.
int open_dump() {
  const auto pid = static_cast<std::uint32_t>(getpid());
  const std::string path = "/tmp/jit-" + std::to_string(pid) + ".dump";
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return file;
  Header header;
  header.pid = pid;
  header.time = now_ns();
  if (lseek(file, 0, SEEK_END) == 0 && write(file, &header, sizeof header) < 0) {
    close(file);
    return -1;
  }
  mmap(nullptr, static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), PROT_READ | PROT_EXEC, MAP_PRIVATE,
       file, 0);
  return file;
}

}  // namespace

bool jit_dump_wanted() {
  static const bool wanted = [] {
    const char* text = std::getenv("TCONV_PERF");
    return text != nullptr && std::strcmp(text, "jitdump") == 0;
  }();
  return wanted;
}

void append_jit_dump(std::span<const std::byte> code, const std::string& name) {
  static const int file = open_dump();
  static std::atomic<std::uint64_t> index{0};
  if (file < 0) return;
  CodeLoad record;
  record.bytes = static_cast<std::uint32_t>(sizeof record + name.size() + 1 + code.size());
  record.time = now_ns();
  record.pid = static_cast<std::uint32_t>(getpid());
  record.thread = static_cast<std::uint32_t>(syscall(SYS_gettid));
  record.address = record.same_address = reinterpret_cast<std::uintptr_t>(code.data());
  record.code_bytes = code.size();
  record.index = index++;
  std::string text(reinterpret_cast<const char*>(&record), sizeof record);
  text += name;
  text += '\0';
  text.append(reinterpret_cast<const char*>(code.data()), code.size());
  // One write in append mode: records of several threads do not mix.
  [[maybe_unused]] const ssize_t written = write(file, text.data(), text.size());
}

}  // namespace tconv::jit

#include "jit/code_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "jit/backend.h"

namespace tconv::jit {
namespace {

[[noreturn]] void refuse(const char* call) {
  if (errno == ENOMEM) throw std::bad_alloc();
  throw ExecutableMemoryRefused(std::string(call) + ": " + std::strerror(errno));
}

}  // namespace

CodeMemory::CodeMemory(std::span<const std::byte> code) : bytes_(code.size()) {
  static const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  mapped_ = std::max((bytes_ + page - 1) / page * page, page);  // a program may have no kernels
  memory_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory_ == MAP_FAILED) refuse("mmap");
  std::memcpy(memory_, code.data(), bytes_);
  if (mprotect(memory_, mapped_, PROT_READ | PROT_EXEC) != 0) {
    const int error = errno;
    munmap(memory_, mapped_);
    errno = error;
    refuse("mprotect");
  }
}

CodeMemory::~CodeMemory() { munmap(memory_, mapped_); }

}  // namespace tconv::jit

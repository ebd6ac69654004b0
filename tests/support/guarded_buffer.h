// Memory between two pages that fault: what sanitizers cannot see inside machine code that was made
// at run time, these pages do.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <new>

namespace tconv::test {

class GuardedBuffer {
 public:
  enum class Flush { start, end };

  // The data starts at the front guard or ends at the back one, as far as `align` allows; the slack
  // in between holds a pattern.
  GuardedBuffer(std::size_t bytes, Flush flush, std::size_t align = 1) : bytes_(bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t inner = (bytes + page - 1) / page * page;
    mapped_ = inner + 2 * page;
    void* map = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    map_ = static_cast<std::byte*>(map);
    if (inner > 0) mprotect(map_ + page, inner, PROT_READ | PROT_WRITE);
    begin_ = map_ + page;
    end_ = begin_ + inner;
    data_ = flush == Flush::start ? begin_ : begin_ + (inner - bytes) / align * align;
    for (std::byte* p = begin_; p != end_; ++p) *p = kPattern;
  }
  ~GuardedBuffer() { munmap(map_, mapped_); }
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;

  std::byte* data() const { return data_; }
  std::size_t size() const { return bytes_; }
  bool slack_untouched() const {
    for (const std::byte* p = begin_; p != data_; ++p)
      if (*p != kPattern) return false;
    for (const std::byte* p = data_ + bytes_; p != end_; ++p)
      if (*p != kPattern) return false;
    return true;
  }

 private:
  static constexpr std::byte kPattern{0xa5};
  std::byte *map_ = nullptr, *begin_ = nullptr, *end_ = nullptr, *data_ = nullptr;
  std::size_t bytes_ = 0, mapped_ = 0;
};

}  // namespace tconv::test

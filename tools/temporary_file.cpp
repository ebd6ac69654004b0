#include "tools/temporary_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>

#include "tools/command.h"

namespace tconv::tools {
namespace {

std::array<std::atomic<const char*>, 16> in_progress{};

std::size_t remember(const char* name) {
  for (std::size_t slot = 0; slot < in_progress.size(); ++slot) {
    const char* free = nullptr;
    if (in_progress[slot].compare_exchange_strong(free, name)) return slot;
  }
  throw std::logic_error("too many temporary files at a time");
}

}  // namespace

TemporaryFile::TemporaryFile(const std::string& path)
    : path_(path), temporary_(fmt::format("{}.{}.tmp", path, ::getpid())) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    throw UsageError(fmt::format("{}: cannot be written: is not a regular file", path));
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file_ < 0) fail(errno);
  there_ = true;
  slot_ = remember(temporary_.c_str());
}

TemporaryFile::~TemporaryFile() {
  if (file_ >= 0) ::close(file_);
  remove();
}

void TemporaryFile::remove() {
  if (!there_) return;
  there_ = false;
  ::unlink(temporary_.c_str());
  in_progress[slot_] = nullptr;
}

void TemporaryFile::fail(int reason) {
  throw UsageError(fmt::format("{}: cannot be written: {}", path_, std::strerror(reason)));
}

void TemporaryFile::write(const void* data, std::size_t bytes) {
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(file_, next, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail(errno);
    next += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void TemporaryFile::close() {
  if (file_ < 0) return;
  const int status = ::close(file_), reason = errno;
  file_ = -1;
  if (status == 0) return;
  remove();
  fail(reason);
}

void TemporaryFile::commit() {
  close();
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int reason = errno;
    remove();
    fail(reason);
  }
  there_ = false;
  in_progress[slot_] = nullptr;
}

void remove_temporary_files() {
  for (auto& slot : in_progress) {
    const char* name = slot.exchange(nullptr);
    if (name != nullptr) ::unlink(name);
  }
}

}  // namespace tconv::tools

#include "tools/temporary_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tools/command.h"

namespace tconv::tools {
namespace {
std::atomic<const char*> in_progress{nullptr};
}

TemporaryFile::TemporaryFile(const std::string& path)
    : path_(path), temporary_(fmt::format("{}.{}.tmp", path, ::getpid())) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    throw UsageError(fmt::format("{}: cannot be written: is not a regular file", path));
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file_ < 0) fail();
  in_progress = temporary_.c_str();
}

TemporaryFile::~TemporaryFile() {
  if (file_ < 0) return;
  ::close(file_);
  remove_temporary_file();
}

void TemporaryFile::fail() {
  throw UsageError(fmt::format("{}: cannot be written: {}", path_, std::strerror(errno)));
}

void TemporaryFile::write(const void* data, std::size_t bytes) {
  const char* next = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(file_, next, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) fail();
    next += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void TemporaryFile::commit() {
  if (::close(file_) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int reason = errno;
    remove_temporary_file();
    file_ = -1;
    errno = reason;
    fail();
  }
  file_ = -1;
  in_progress = nullptr;
}

void remove_temporary_file() {
  const char* name = in_progress.exchange(nullptr);
  if (name != nullptr) ::unlink(name);
}

}  // namespace tconv::tools

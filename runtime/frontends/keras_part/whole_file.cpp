#include "runtime/frontends/keras_part/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "runtime/frontends/keras_part/reject.h"

namespace tconv::frontends {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int close() {
    const int status = number_ < 0 ? 0 : ::close(number_);
    number_ = -1;
    return status;
  }
  operator int() const { return number_; }  // NOLINT: implicit

 private:
  int number_;
};

[[noreturn]] void refuse(const char* what) {
  throw FileReject(std::string(what) + ": " + std::strerror(errno));
}

void write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) refuse("it cannot be written");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

std::string read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file < 0) refuse("it cannot be read");
  struct stat status {};
  if (::fstat(file, &status) != 0) refuse("it cannot be read");
  if (!S_ISREG(status.st_mode)) throw FileReject("it cannot be read: it is not a regular file");
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = ::read(file, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse("it cannot be read");
    if (got == 0) break;  // it became shorter meanwhile
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

void write_file(const std::string& path, std::string_view bytes) {
  static std::atomic<unsigned> number{0};
  struct stat status {};
  std::error_code error;
  const bool there = ::stat(path.c_str(), &status) == 0;
  if (there && !S_ISREG(status.st_mode))
    throw FileReject("it cannot be written: it is not a regular file");
  const std::string target = there ? std::filesystem::canonical(path, error).string() : path;
  if (error) throw FileReject("it cannot be written: " + error.message());
  const std::string beside =
      target + "." + std::to_string(::getpid()) + "." + std::to_string(number++) + ".tmp";
  Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file < 0) refuse("it cannot be written");
  try {
    write_all(file, bytes);
    if (there && ::fchmod(file, status.st_mode & 07777) != 0) refuse("it cannot be written");
    if (file.close() != 0 || std::rename(beside.c_str(), target.c_str()) != 0)
      refuse("it cannot be written");
  } catch (...) {
    ::unlink(beside.c_str());
    throw;
  }
}

}  // namespace tconv::frontends

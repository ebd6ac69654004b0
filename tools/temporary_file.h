// A file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <string>

namespace tconv::tools {

// Written beside `path` and renamed to it by commit(); removed when it goes out of scope before
// that, or when the program is interrupted. One at a time per process. Throws UsageError naming the
// path and why.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& path);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(const void* data, std::size_t bytes);
  void commit();

 private:
  [[noreturn]] void fail();
  std::string path_, temporary_;
  int file_ = -1;
};

// For the handler of SIGINT: removes the file that is being written. Async-signal-safe.
void remove_temporary_file();

}  // namespace tconv::tools

// A file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <string>

namespace tconv::tools {

// Written beside `path` and renamed to it by commit(); removed when it goes out of scope before
// that, or when the program is interrupted. At most 16 at a time per process. Throws UsageError
// naming the path and why.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& path);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(const void* data, std::size_t bytes);
  // Everything is on its way to the disk, or it fails: of several files that belong together all
  // are closed before the first appears.
  void close();
  void commit();  // closes it, if it is not
  // Another program may write it, too, or replace it by a file of that name.
  const std::string& name() const { return temporary_; }

 private:
  [[noreturn]] void fail(int reason);
  void remove();
  std::string path_, temporary_;
  std::size_t slot_ = 0;  // among those that an interrupt removes
  int file_ = -1;
  bool there_ = false;
};

// For the handler of SIGINT: removes the files that are being written. Async-signal-safe.
void remove_temporary_files();

}  // namespace tconv::tools

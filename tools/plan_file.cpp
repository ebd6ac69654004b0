#include "tools/plan_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <tuple>

#include "tools/command.h"
#include "tools/temporary_file.h"

namespace tconv::tools {
namespace {

[[noreturn]] void cannot(const std::string& path, const char* what, int reason) {
  throw UsageError(fmt::format("{}: cannot be {}: {}", path, what, std::strerror(reason)));
}

// The lock of a file that others replace: it is held on what the path names now, or taken again.
class FileLock {
 public:
  explicit FileLock(const std::string& path) {
    while (true) {
      file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
      if (file_ < 0) cannot(path, "written", errno);
      while (::flock(file_, LOCK_EX) != 0)
        if (errno != EINTR) fail(path);
      struct stat mine {
      }, now{};
      if (::fstat(file_, &mine) != 0) fail(path);
      if (::stat(path.c_str(), &now) == 0 && mine.st_ino == now.st_ino && mine.st_dev == now.st_dev)
        return;
      ::close(file_);
    }
  }
  ~FileLock() { ::close(file_); }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  [[noreturn]] void fail(const std::string& path) {
    const int reason = errno;
    ::close(file_);
    cannot(path, "locked", reason);
  }
  int file_ = -1;
};

std::string contents(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) cannot(path, "read", EISDIR);
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file) cannot(path, "read", errno);
  text << file.rdbuf();
  return text.str();
}

auto key(const PlanEntry& e) { return std::tie(e.problem, e.machine, e.accuracy, e.threads); }

}  // namespace

PlanFile read_plan_file(const std::string& path) { return parse_plan_file(contents(path), path); }

std::vector<std::string> add_plans(const std::string& given,
                                   const std::vector<PlanEntry>& entries) {
  std::error_code error;  // through a symbolic link, not in its place
  const auto real = std::filesystem::weakly_canonical(given, error);
  const std::string path = error ? given : real.string();
  const FileLock lock(path);
  const std::string before = contents(path);
  const PlanFile there = parse_plan_file(before, given);

  const auto less = [](const PlanEntry& a, const PlanEntry& b) { return key(a) < key(b); };
  std::set<PlanEntry, decltype(less)> replaced(less);
  std::vector<PlanEntry> added;
  for (auto e = entries.rbegin(); e != entries.rend(); ++e)  // of the same, the last
    if (replaced.insert(*e).second) added.insert(added.begin(), *e);
  std::string text = plan_file_text({});
  const std::string head = text;
  std::istringstream lines(before);
  for (std::string line; std::getline(lines, line);) {
    if (line + '\n' == head) continue;
    const PlanFile alone = parse_plan_file(head + line + '\n', given);
    if (!alone.entries.empty() && replaced.contains(alone.entries.front())) continue;
    text += line + '\n';
  }
  text += plan_file_text(added).substr(head.size());
  if (text != before) {
    TemporaryFile file(path);
    file.write(text.data(), text.size());
    file.commit();
  }
  return there.damaged;
}

}  // namespace tconv::tools

#include "tools/linker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "tools/command.h"

namespace tconv::tools {
namespace {

void run_command(std::vector<std::string> command, const std::string& input) {
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input.c_str(), O_RDONLY, 0);
  pid_t child = 0;
  const int error = posix_spawnp(&child, words[0], &files, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0)
    throw UsageError(fmt::format("{} cannot be started: {}", command[0], std::strerror(error)));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    throw UsageError(fmt::format("failed: {}", fmt::join(command, " ")));
}

}  // namespace

std::string default_compiler(const std::string& triple) {
  return triple.empty() || triple.starts_with("x86_64") ? "cc" : triple + "-gcc";
}

void link_whole(const LinkJob& job) {
  std::vector<std::string> command = {job.compiler, job.how, "-nostdlib", "-o", job.output};
  if (job.how == "-shared")
    command.insert(command.end(), {"-Wl,-z,defs", "-Wl,-z,noexecstack", "-Wl,--build-id=none",
                                   "-Wl,-soname," + job.name});
  command.insert(command.end(), {"-Wl,--whole-archive", job.archive});
  if (!job.source.empty())  // As NAME.cmake compiles it; named "-", as its name would be kept.
    command.insert(command.end(), {"-O2", "-fPIC", "-ffreestanding", "-ffp-contract=off",
                                   "-fno-fast-math", "-fno-stack-protector", "-xc", "-"});
  run_command(command, job.source.empty() ? "/dev/null" : job.source);
}

}  // namespace tconv::tools

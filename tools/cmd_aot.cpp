// aot: kernels ahead of time, as a library with headers in C (docs/aot.md).
#include <fmt/format.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <system_error>

#include "tconv/aot.hpp"
#include "tools/command.h"
#include "tools/json_report.h"
#include "tools/linker.h"
#include "tools/sources.h"
#include "tools/temporary_file.h"

namespace tconv::tools {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> items;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t comma = std::min(list.find(',', at), list.size());
    items.push_back(list.substr(at, comma - at));
    at = comma + 1;
  }
  return items;
}

// Made if it is not there, and removed again unless files appear in it.
class Folder {
 public:
  explicit Folder(const std::string& path) : path_(path) {
    std::error_code error;
    made_ = fs::create_directories(path_, error);
    if (error || !fs::is_directory(path_, error))
      throw UsageError(fmt::format("--out {}: {}", path,
                                   error ? error.message() : std::string("is not a folder")));
  }
  ~Folder() {
    std::error_code ignored;
    if (made_) fs::remove(path_, ignored);  // not if something is in it
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
  bool made_ = false;
};

bool is_there(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

bool holds(const std::string& path, const std::string& contents) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return file && text.str() == contents;
}

void refuse_existing(const std::string& path) {
  if (is_there(path))
    throw UsageError(fmt::format("{} is there already; --force replaces it", path));
}

// What must be written. Files that are the same in every library may be there already.
std::vector<AotFile> missing_files(const Folder& folder, std::vector<AotFile> files, bool force) {
  std::erase_if(files, [&](const AotFile& file) {
    const std::string path = folder.file(file.name);
    if (force) return false;  // also for the time of the file: build tools look at it
    const bool kept = file.common && holds(path, file.contents);
    if (!kept) refuse_existing(path);
    return kept;
  });
  return files;
}

// All of them, or none under its own name.
void write_files(const Folder& folder, const std::vector<AotFile>& files,
                 const std::string& compiler) {
  std::deque<TemporaryFile> temporary;
  const auto write = [](TemporaryFile& to, const AotFile& file) {
    to.write(file.contents.data(), file.contents.size());
    to.close();
  };
  for (const AotFile& file : files) {
    TemporaryFile& to = temporary.emplace_back(folder.file(file.name));
    if (file.link.empty()) {
      write(to, file);
      continue;
    }
    to.close();
    TemporaryFile archive(folder.file(file.name + ".archive"));
    write(archive, file);
    std::optional<TemporaryFile> source;
    if (!file.link_source.empty()) {
      source.emplace(folder.file(file.name + ".c"));
      source->write(file.link_source.data(), file.link_source.size());
      source->close();
    }
    link_whole({.compiler = compiler,
                .how = file.link,
                .archive = archive.name(),
                .source = source ? source->name() : std::string(),
                .output = to.name(),
                .name = file.name});
  }
  for (TemporaryFile& file : temporary) file.commit();
}

Json row(const AotCompiled& layer) {
  Json kernels = Json::array();
  for (const AotKernel& k : layer.kernels)
    kernels.push_back(
        {{"isa", k.isa}, {"backend", k.backend}, {"plan", k.plan}, {"code_bytes", k.code_bytes}});
  return {{"name", layer.name},
          {"problem", layer.problem},
          {"symbol", layer.symbol},
          {"packed_filter_bytes", layer.packed_filter_bytes},
          {"workspace_bytes", layer.workspace_bytes},
          {"worker_bytes", layer.worker_bytes},
          {"kernels", std::move(kernels)}};
}

}  // namespace

int cmd_aot(const Command& command) {
  const AotWishes& wishes = command.aot;
  std::vector<AotLayer> layers;
  for (const NamedProblem& p : collect_some(command.sources)) {
    const bool from_line = layers.size() < command.sources.lines.size();
    layers.push_back({from_line ? std::string() : p.name, p.line});
  }
  AotOptions options;
  options.library = wishes.library;
  options.isas = split(command.options.isa);
  options.backend = command.options.backend;
  options.cpu = wishes.cpu;
  options.triple = wishes.triple;
  options.type = wishes.type;
  options.create = command.options;
  options.create.isa.clear();
  options.create.backend.clear();

  const Folder folder(wishes.folder);
  if (!wishes.force) refuse_existing(folder.file(wishes.library + ".h"));  // before the work
  const AotLibrary library = compile_aot(layers, options);
  const std::string library_file = folder.file(library.files.front().name);
  write_files(folder, missing_files(folder, library.files, wishes.force),
              wishes.compiler.empty() ? default_compiler(wishes.triple) : wishes.compiler);

  JsonReport report("aot");
  for (const AotCompiled& layer : library.layers) report.add(row(layer));
  Json files = Json::array();
  for (const AotFile& file : library.files)
    files.push_back(
        {{"path", folder.file(file.name)}, {"bytes", fs::file_size(folder.file(file.name))}});
  report.set("files", std::move(files));
  finish(report, command.json,
         fmt::format("# aot: {} layer(s), {} bytes in {}", library.layers.size(),
                     fs::file_size(library_file), library_file));
  return kRight;
}

}  // namespace tconv::tools

#include "jit/part.h"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace tconv::jit {
namespace {

namespace fs = std::filesystem;

// Of the file that this code is in. Links are followed: libtconv.so may be one to another folder.
fs::path own_folder() {
  static const char anchor = 0;
  Dl_info info;
  void* entry = nullptr;
  if (dladdr1(&anchor, &info, &entry, RTLD_DL_LINKMAP) == 0) return {};
  const char* file = static_cast<const link_map*>(entry)->l_name;
  std::error_code error;
  // The loader has no name for the program itself, and argv[0] may say anything.
  return fs::canonical(*file == '\0' ? "/proc/self/exe" : file, error).parent_path();
}

std::string file_of(const std::string& name) { return "libtconv_" + name + ".so"; }

// Null and a reason in `why`, or its functions.
const void* functions_of(void* handle, const std::string& path, std::string& why) {
  const auto* entry = static_cast<const PartEntry*>(dlsym(handle, TCONV_PART_SYMBOL));
  if (entry != nullptr && std::strcmp(entry->version, TCONV_VERSION) == 0) return entry->functions;
  why += "; " + path +
         (entry == nullptr
              ? " is no part of tconv"
              : std::string(" is of tconv ") + entry->version + ", this is " + TCONV_VERSION);
  dlclose(handle);
  return nullptr;
}

}  // namespace

std::vector<std::string> part_folders() {
  std::vector<std::string> folders;
  if (const fs::path own = own_folder(); !own.empty())
    folders = {own, (own / TCONV_LIBDIR_FROM_BIN).lexically_normal()};
  folders.insert(folders.end(), {TCONV_LIBDIR, ""});
  return folders;
}

bool has_part(const std::string& name, const std::vector<std::string>& folders) {
  return std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
    std::error_code error;
    return !folder.empty() && fs::exists(fs::path(folder) / file_of(name), error);
  });
}

const void* open_part(const std::string& name, const std::vector<std::string>& folders) {
  const std::string file = file_of(name);
  std::string why;
  for (const std::string& folder : folders) {
    const std::string path = (fs::path(folder) / file).string();
    std::error_code error;
    if (!folder.empty() && !fs::exists(path, error)) {
      why += "; it is not in " + folder;
    } else if (void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
      if (const void* functions = functions_of(handle, path, why)) return functions;
    } else {
      why += std::string("; ") + dlerror();
    }
  }
  throw PartError(file + " cannot be opened" + why);
}

}  // namespace tconv::jit

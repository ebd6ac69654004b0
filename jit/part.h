// Parts: what few programs need and would cost all of them a dependency lies in files of its own,
// libtconv_NAME.so, that are opened on first use. A part shows one symbol, tconv_part.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#define TCONV_PART_SYMBOL "tconv_part"

namespace tconv::jit {

struct PartEntry {
  // Of tconv. It must be the library's own: their C++ types are shared, and not kept compatible.
  const char* version;
  const void* functions;  // what the header of that part declares
};

// No file, or none that fits: says which and where it was looked for.
class PartError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The `functions` of libtconv_NAME.so. It stays open: code of it may be in use. Thread-safe.
const void* open_part(const std::string& name, const std::vector<std::string>& folders);

// Whether a file of that name lies in one of the folders, the loader's ("") left out. Opens nothing.
bool has_part(const std::string& name, const std::vector<std::string>& folders);

// Where parts lie, the first that fits is taken: beside the library (or the program, when that has
// the archive inside), in the folder for libraries beside a program's bin, where the build was
// configured to install, and "": where the system's loader looks.
std::vector<std::string> part_folders();

}  // namespace tconv::jit

// Files as bytes.
#pragma once

#include <string>
#include <string_view>

namespace tconv::frontends {

std::string read_file(const std::string& path);
// Appears whole or not at all: into a file beside it that then takes its name. A link stays one.
void write_file(const std::string& path, std::string_view bytes);

}  // namespace tconv::frontends

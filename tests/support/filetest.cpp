#include "tests/support/filetest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace tconv::test {
namespace {

std::filesystem::path path_of(const std::string& folder, const std::string& file) {
  return std::filesystem::path(TCONV_SOURCE_DIR) / "tests/filetests" / folder / file;
}
std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

std::vector<std::string> filetest_names(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path_of(folder, "")))
    if (entry.path().extension() == ".ir") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

std::string filetest_input(const std::string& folder, const std::string& name) {
  return read(path_of(folder, name + ".ir"));
}

void expect_filetest(const std::string& folder, const std::string& name,
                     const std::string& actual) {
  const auto path = path_of(folder, name + ".expected");
  const char* bless = std::getenv("TCONV_BLESS");
  if (bless != nullptr && std::string(bless) == "1") {
    std::ofstream(path) << actual;
    return;
  }
  ASSERT_TRUE(std::filesystem::exists(path)) << path << " is missing; TCONV_BLESS=1 writes it";
  EXPECT_EQ(actual, read(path)) << path;
}

}  // namespace tconv::test

// The walls between the rooms, read off the sources: ir includes only ir; planner and jit include
// ir and themselves; tools, bench and examples see the library through tconv/ headers only.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

struct Include {
  std::string file, target;  // target: what stands between the quotes or brackets
  int line = 0;
};

std::vector<Include> includes_of(const fs::path& folder) {
  std::vector<Include> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string extension = entry.path().extension();
    if (extension != ".h" && extension != ".cpp" && extension != ".hpp" && extension != ".c")
      continue;
    std::ifstream file(entry.path());
    int number = 0;
    for (std::string text; std::getline(file, text);) {
      ++number;
      const std::size_t hash = text.find_first_not_of(" \t");
      if (hash == std::string::npos || text.compare(hash, 8, "#include") != 0) continue;
      const std::size_t open = text.find_first_of("\"<", hash + 8);
      if (open == std::string::npos) continue;
      const std::size_t close = text.find_first_of("\">", open + 1);
      found.push_back({entry.path().string(), text.substr(open + 1, close - open - 1), number});
    }
  }
  return found;
}

const std::vector<std::string> kRooms = {"ir",    "planner", "jit",   "runtime", "tools",
                                         "bench", "tests",   "tconv", "examples"};

std::string room_of(const std::string& target) {
  const std::string first = target.substr(0, target.find('/'));
  return target.find('/') != std::string::npos &&
                 std::find(kRooms.begin(), kRooms.end(), first) != kRooms.end()
             ? first
             : std::string();
}

struct Wall {
  const char* folder;
  std::vector<std::string> may_include;
};

class Walls : public testing::TestWithParam<Wall> {};

TEST_P(Walls, IncludesStayInside) {
  const Wall& wall = GetParam();
  const fs::path folder = fs::path(TCONV_SOURCE_DIR) / wall.folder;
  int looked_at = 0;
  for (const Include& include : includes_of(folder)) {
    ++looked_at;
    const std::string room = room_of(include.target);
    if (room.empty()) {  // the standard library, or a third party's
      EXPECT_EQ(include.target.find(".."), std::string::npos)
          << include.file << ":" << include.line << " climbs out of its room: " << include.target;
      continue;
    }
    EXPECT_NE(std::find(wall.may_include.begin(), wall.may_include.end(), room),
              wall.may_include.end())
        << include.file << ":" << include.line << " includes " << include.target;
  }
  EXPECT_GT(looked_at, 0) << "nothing was found in " << folder;
}

INSTANTIATE_TEST_SUITE_P(
    Rooms, Walls,
    testing::Values(Wall{"ir", {"ir"}}, Wall{"planner", {"ir", "planner"}},
                    Wall{"jit", {"ir", "jit"}},
                    Wall{"runtime", {"ir", "planner", "jit", "runtime", "tconv"}},
                    Wall{"runtime/include", {"tconv"}}, Wall{"tools", {"tools", "tconv"}},
                    Wall{"bench", {"bench", "tconv"}}, Wall{"examples", {"tconv"}}),
    [](const auto& wall) {
      std::string name = wall.param.folder;
      std::replace(name.begin(), name.end(), '/', '_');
      return name;
    });

}  // namespace

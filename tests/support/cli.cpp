#include "tests/support/cli.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tconv::test {

using nlohmann::json;
using Environment = std::vector<std::pair<std::string, std::string>>;

Finished tconv_cli(std::vector<std::string> arguments, const Environment& environment) {
  arguments.insert(arguments.begin(), std::string(TCONV_BINARY_DIR) + "/tconv");
  return spawn(arguments, environment);
}

std::vector<std::string> bench(const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"bench", "--rounds", "2", "--round-us", "5"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n');
  if (end == std::string::npos) return {};
  const std::size_t start = text.rfind('\n', end);
  return text.substr(start == std::string::npos ? 0 : start + 1,
                     end - (start == std::string::npos ? 0 : start + 1) + 1);
}

std::set<std::string> keys(const json& object) {
  std::set<std::string> found;
  for (const auto& [key, value] : object.items()) found.insert(key);
  return found;
}

json run_json(std::vector<std::string> arguments, const Environment& environment) {
  const std::string verb = arguments.front();
  arguments.push_back("--json");
  const Finished f = tconv_cli(arguments, environment);
  EXPECT_EQ(f.status, 0) << f.err;
  const json object = json::parse(f.out);  // exactly one object, or this throws
  EXPECT_EQ(object.at("schema"), "tconv-" + verb + "-1");
  EXPECT_TRUE(object.at("results").is_array());
  for (const char* key : {"cpu", "isa", "features", "cores", "l1_bytes", "l2_bytes", "l3_bytes",
                          "fma_gflops", "dram_read_gbs", "tconv_version", "ir_version"})
    EXPECT_TRUE(object.at("machine").contains(key)) << key;
  return object;
}

void expect_refused(const std::vector<std::string>& arguments, const std::string& words,
                    const Environment& environment) {
  const Finished f = tconv_cli(arguments, environment);
  std::string joined;
  for (const std::string& a : arguments) joined += a + " ";
  EXPECT_EQ(f.status, 2) << joined << f.err;
  EXPECT_EQ(f.out, "") << joined;
  EXPECT_NE(f.err.find(words), std::string::npos) << joined << "said: " << f.err;
  EXPECT_EQ(std::count(f.err.begin(), f.err.end(), '\n'), 1) << joined << "said: " << f.err;
}

}  // namespace tconv::test

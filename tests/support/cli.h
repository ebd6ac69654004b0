// The program `tconv` as scripts use it.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/spawn.h"

namespace tconv::test {

// A problem that is small, and has tails in every direction.
inline const std::string kLine = "f32 nhwc ic=6 oc=20 i=5x4 k=4 s=2 p=1 bias relu";

// With these arguments, and `environment` added to this process's.
Finished tconv_cli(std::vector<std::string> arguments,
                   const std::vector<std::pair<std::string, std::string>>& environment = {});

// `bench` with these arguments, as short as it can be.
std::vector<std::string> bench(const std::vector<std::string>& more);

std::string last_line(const std::string& text);
std::set<std::string> keys(const nlohmann::json& object);

// Expects status 0 and one object on standard output with what every report has.
nlohmann::json run_json(std::vector<std::string> arguments,
                        const std::vector<std::pair<std::string, std::string>>& environment = {});

// Expects status 2, nothing on standard output and one sentence with these words.
void expect_refused(const std::vector<std::string>& arguments, const std::string& words,
                    const std::vector<std::pair<std::string, std::string>>& environment = {});

}  // namespace tconv::test

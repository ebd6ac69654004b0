// Filetests: an input and, beside it, what is expected of it.
#pragma once

#include <string>
#include <vector>

namespace tconv::test {

// Names, without ".ir", of the inputs in tests/filetests/<folder>, sorted.
std::vector<std::string> filetest_names(const std::string& folder);
std::string filetest_input(const std::string& folder, const std::string& name);

// Compares with tests/filetests/<folder>/<name>.expected. With TCONV_BLESS=1 in the environment the
// file is written instead, for a look at the difference before it is committed.
void expect_filetest(const std::string& folder, const std::string& name, const std::string& actual);

}  // namespace tconv::test

// Whether a sanitizer watches the tests, and how many fewer cases they run then.
#pragma once

#include <algorithm>
#include <cstddef>

// malloc, operator new and mmap are the sanitizer's own; times mean nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TCONV_SANITIZED 1
#else
#define TCONV_SANITIZED 0
#endif

namespace tconv::tests {

// What most tests wait for, interpreter and float64 definition, takes 30 to 100 times as long under
// the thread sanitizer and about 5 times under the others. They look at memory and threads, where
// one case of a kind shows what a hundred show; numbers are the release build's to check, with all
// cases. GCC has no macro for -fsanitize=undefined: tests/CMakeLists.txt defines TCONV_UBSAN.
#if defined(__SANITIZE_THREAD__)
inline constexpr int kFewer = 8;
#elif defined(__SANITIZE_ADDRESS__) || defined(TCONV_UBSAN)
inline constexpr int kFewer = 4;
#else
inline constexpr int kFewer = 1;
#endif

// Of so many random cases; at least one.
template <class Count>
constexpr Count fewer(Count count) {
  return std::max<Count>(count / static_cast<Count>(kFewer), 1);
}
// Of a list, all but one in kFewer.
constexpr bool left_out(std::size_t number) { return number % kFewer != 0; }

}  // namespace tconv::tests

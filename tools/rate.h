// How much work per second, undisturbed.
#pragma once

#include <functional>

namespace tconv::tools {

// Work per second of `threads` threads together: each repeats body(thread), worth `work`, for at
// least `seconds`; the best of `attempts`, because a limit is what the machine can do when nobody
// is in the way. One thread is timed by its CPU time, in which other processes do not count.
double rate(int threads, double seconds, double work, const std::function<void(int)>& body,
            int attempts = 8);

}  // namespace tconv::tools

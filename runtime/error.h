// Turns the exceptions of the inner rooms into those of the API: one place says whose mistake each
// is.
#pragma once

#include <string>

#include "tconv/tconv.hpp"

namespace tconv::runtime {

// Called inside a catch block: throws tconv::Error for the exception in flight.
[[noreturn]] void rethrow_as_error();

// Calls `body` so that nothing but tconv::Error leaves it.
template <class Body>
auto guarded(Body&& body) {
  try {
    return body();
  } catch (...) {
    rethrow_as_error();
  }
}

[[noreturn]] inline void refuse(const std::string& what) {
  throw Error(Status::invalid_argument, what);
}

}  // namespace tconv::runtime

// What a front door says when it refuses.
#pragma once

#include <string>

#include "tconv/call.hpp"

namespace tconv::tests {

struct Refusal {
  std::string argument, what;  // both empty: it did not refuse
  ErrorKind kind = ErrorKind::value_error;
};

template <class Function>
Refusal refusal(Function&& function) {
  try {
    function();
  } catch (const FrontError& e) {
    return {e.argument(), e.what(), e.kind()};
  } catch (const Error& e) {
    return {"no FrontError", e.what(), ErrorKind::value_error};
  }
  return {};
}

}  // namespace tconv::tests

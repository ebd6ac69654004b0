// How front doors refuse: one function per kind of error, the argument at fault first.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>

#include "tconv/call.hpp"

namespace tconv::frontends {

template <class... Args>
[[noreturn]] void fail(ErrorKind kind, std::string argument, fmt::format_string<Args...> format,
                       Args&&... args) {
  throw FrontError(kind, std::move(argument), fmt::format(format, std::forward<Args>(args)...));
}

template <class... Args>
[[noreturn]] void value_error(std::string argument, fmt::format_string<Args...> format,
                              Args&&... args) {
  fail(ErrorKind::value_error, std::move(argument), format, std::forward<Args>(args)...);
}
template <class... Args>
[[noreturn]] void type_error(std::string argument, fmt::format_string<Args...> format,
                             Args&&... args) {
  fail(ErrorKind::type_error, std::move(argument), format, std::forward<Args>(args)...);
}
template <class... Args>
[[noreturn]] void invalid_argument(std::string argument, fmt::format_string<Args...> format,
                                   Args&&... args) {
  fail(ErrorKind::invalid_argument, std::move(argument), format, std::forward<Args>(args)...);
}
template <class... Args>
[[noreturn]] void unimplemented(std::string argument, fmt::format_string<Args...> format,
                                Args&&... args) {
  fail(ErrorKind::unimplemented, std::move(argument), format, std::forward<Args>(args)...);
}

}  // namespace tconv::frontends

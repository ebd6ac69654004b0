// The driver (run.c and what it includes) as the build made it.
#pragma once

#include <string_view>

namespace tconv::runtime {

std::string_view driver_object();  // ELF for x86-64, position-independent
std::string_view driver_header();  // tconv_aot.h

}  // namespace tconv::runtime

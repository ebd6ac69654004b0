// fmt's own code, compiled once into the library. Debian has it as a shared library only, which the
// library must not need, and with all of it in the headers a file takes three times as long to
// compile (5.8 s against 1.4 s). Taken from the headers it is weak: a program may link its own.
#define FMT_HEADER_ONLY
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <string>

namespace {

namespace detail = fmt::detail;

// What the other files of the library leave undefined.
[[gnu::used]] std::string (*const kFormat)(fmt::string_view, fmt::format_args) = &fmt::vformat;
[[gnu::used]] void (*const kPrint)(std::FILE*, fmt::string_view, fmt::format_args) = &fmt::vprint;
[[gnu::used]] const auto kError = &detail::throw_format_error;
[[gnu::used]] bool (*const kPrintable)(std::uint32_t) = &detail::is_printable;
[[gnu::used]] const auto kFloat = &detail::dragonbox::to_decimal<float>;
[[gnu::used]] const auto kDouble = &detail::dragonbox::to_decimal<double>;
[[gnu::used]] const auto kThousands = &detail::thousands_sep_impl<char>;
[[gnu::used]] const auto kPoint = &detail::decimal_point_impl<char>;

}  // namespace

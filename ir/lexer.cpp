#include "ir/lexer.h"

#include <charconv>
#include <limits>

#include "ir/parse.h"

namespace tconv::ir {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

}  // namespace

std::size_t Lexer::number_end(std::size_t begin, Token::Kind& kind) const {
  const auto at = [&](std::size_t i) { return i < text_.size() ? text_[i] : '\0'; };
  const auto digits = [&](std::size_t i) {
    while (is_digit(at(i))) ++i;
    return i;
  };
  std::size_t i = begin;
  if (at(i) == '0' && at(i + 1) == 'x') {
    kind = Token::Kind::bits;
    for (i += 2; is_hex(at(i));) ++i;
    return i;
  }
  kind = Token::Kind::integer;
  i = digits(i);
  if (at(i) == '.' && is_digit(at(i + 1))) {  // "0..4" is an integer and a sign
    kind = Token::Kind::real;
    i = digits(i + 1);
  }
  if (at(i) == 'e') {
    const std::size_t exponent = at(i + 1) == '+' || at(i + 1) == '-' ? i + 2 : i + 1;
    if (is_digit(at(exponent))) {
      kind = Token::Kind::real;
      i = digits(exponent);
    }
  }
  return i;
}

void Lexer::advance() {
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (c == '#') {
      while (at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
    } else if (c == '\n') {
      ++line_;
    } else if (c != ' ' && c != '\t' && c != '\r') {
      break;
    }
  }
  token_ = {Token::Kind::end, {}, line_};
  if (at_ == text_.size()) return;
  std::size_t end = at_;
  if (is_letter(text_[at_])) {
    token_.kind = Token::Kind::word;
    while (end < text_.size() && (is_letter(text_[end]) || is_digit(text_[end]))) ++end;
  } else if (is_digit(text_[at_])) {
    end = number_end(at_, token_.kind);
    if (end < text_.size() && is_letter(text_[end]))
      throw ParseError(line_, "a number followed by " + quoted(text_.substr(end, 1)));
  } else {
    token_.kind = Token::Kind::sign;
    const std::string_view two = text_.substr(at_, 2);
    end += two == ".." || two == ">=" ? 2 : 1;
  }
  token_.text = text_.substr(at_, end - at_);
  at_ = end;
}

Token Lexer::next() {
  const Token token = token_;
  if (token.kind != Token::Kind::end) advance();
  return token;
}

bool Lexer::accept(std::string_view text) {
  if (!is(text)) return false;
  advance();
  return true;
}
void Lexer::expect(std::string_view text) {
  if (!accept(text)) fail_expected(quoted(text));
}
Token Lexer::expect(Token::Kind kind, const char* what) {
  if (token_.kind != kind) fail_expected(what);
  return next();
}

std::int64_t Lexer::integer(const char* what) {
  const bool negative = accept("-");
  const Token token = expect(Token::Kind::integer, what);
  std::int64_t value = 0;
  if (std::from_chars(token.text.begin(), token.text.end(), value).ec != std::errc())
    throw ParseError(token.line, std::string(token.text) + " does not fit in 64 bits");
  return negative ? -value : value;
}
int Lexer::small_integer(const char* what) {
  const int line = token_.line;
  const std::int64_t value = integer(what);
  if (value > std::numeric_limits<int>::max() || value < std::numeric_limits<int>::min())
    throw ParseError(line, std::to_string(value) + " does not fit in 32 bits");
  return static_cast<int>(value);
}
std::uint64_t Lexer::bits() {
  const Token token = expect(Token::Kind::bits, "bits");
  std::uint64_t value = 0;
  const auto digits = token.text.substr(2);
  if (std::from_chars(digits.begin(), digits.end(), value, 16).ec != std::errc())
    throw ParseError(token.line, std::string(token.text) + " is no 64-bit number");
  return value;
}

void Lexer::fail_expected(const std::string& what) const {
  const std::string found =
      token_.kind == Token::Kind::end ? "the end of the text" : quoted(token_.text);
  throw ParseError(token_.line, "expected " + what + ", found " + found);
}

}  // namespace tconv::ir

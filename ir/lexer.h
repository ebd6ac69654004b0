// Words, numbers and signs of the text form. Line ends mean nothing but for the line numbers in
// errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tconv::ir {

struct Token {
  enum class Kind : std::uint8_t { word, integer, real, bits, sign, end };
  Kind kind = Kind::end;
  std::string_view text;
  int line = 1;
};

inline std::string quoted(std::string_view text) {
  std::string q("'");
  return q.append(text).append("'");
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { advance(); }
  const Token& peek() const { return token_; }
  Token next();
  bool is(std::string_view text) const { return token_.text == text; }
  bool accept(std::string_view text);
  void expect(std::string_view text);
  Token expect(Token::Kind kind, const char* what);
  std::int64_t integer(const char* what);  // with an optional '-'
  int small_integer(const char* what);
  std::uint64_t bits();  // of a token of kind bits
  [[noreturn]] void fail_expected(const std::string& what) const;

 private:
  void advance();
  std::size_t number_end(std::size_t begin, Token::Kind& kind) const;
  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  Token token_;
};

}  // namespace tconv::ir

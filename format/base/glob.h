// Shell-style patterns on bytes, compiled once and matched against many names. Pure; nothing here allocates
// on match.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"

namespace rfan::format {

// `?` one byte, `*` any bytes, `[a-z]` `[!x]` `[^x]` one byte of a class, `\` takes the next byte literally.
// A class may hold the POSIX classes of ASCII: `[[:alpha:]_]`. These three never match '/'; `**` does. `**/`
// at the start or after a '/' also matches no directory at all, so that
// `/a/**/b` matches `/a/b`. Immutable after compile(); safe to share between threads.
class Glob {
 public:
  // kPath: '/' separates components. kName: '/' is a byte like any other (kernel threads are named
  // "kworker/0:1").
  enum class Subject : std::uint8_t { kPath, kName };

  // Fails on an unterminated class, on a class of POSIX that does not exist or stands outside a second pair
  // of brackets, and on a pattern that ends in a single backslash.
  static Result<Glob> compile(std::string_view pattern, Subject subject);

  // True when the whole of `text` matches. Time is O(text * pattern) at worst.
  bool matches(std::string_view text) const;

  // False if no text that begins with `c` matches.
  bool may_begin_with(char c) const;

  // True when the pattern has no wildcard; then `literal_text()` is what it matches.
  bool literal() const { return tokens_.empty(); }
  const std::string& literal_text() const { return prefix_; }

 private:
  enum class Kind : std::uint8_t { kByte, kAny, kClass, kStar, kGlobstar, kDirectories };
  struct Token {
    Kind kind;
    unsigned char byte = 0;         // kByte
    std::uint32_t class_index = 0;  // kClass
  };
  using ByteClass = std::bitset<256>;

  Result<void> compile_tokens(std::string_view pattern);
  Result<std::size_t> compile_class(std::string_view pattern, std::size_t start);
  std::size_t compile_star(std::string_view pattern, std::size_t start);
  void split_off_literals();
  bool matches_tokens(std::string_view text) const;
  bool matches_one(const Token& token, char c) const;
  bool crosses(Kind kind, char c) const;

  bool slash_separates_ = true;
  std::string prefix_;         // leading literal bytes, compared first
  std::vector<Token> tokens_;  // what follows them
  std::string suffix_;         // and the literal bytes behind these
  std::vector<ByteClass> classes_;
};

}  // namespace rfan::format

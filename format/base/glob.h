// Matches shell-style patterns on bytes. A pattern is compiled once and matched against many names. Matching
// is pure and does not allocate.
#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"

namespace rfan::format {

// Compiles and matches one pattern. `?` matches one byte, `*` any number of bytes, `[a-z]` one byte of a
// class, `[!x]` and `[^x]` one byte outside it. `\` takes the next byte literally. A class may contain the
// POSIX classes of ASCII: `[[:alpha:]_]`. `?`, `*` and classes never match '/'; `**` does. `**/` at the start
// or after a '/' also matches no directory at all: `/a/**/b` matches `/a/b`.
//
// An object is immutable after compile() and safe to share between threads.
class Glob {
 public:
  // kPath: '/' separates components. kName: '/' is a byte like any other (kernel threads have names such as
  // "kworker/0:1").
  enum class Subject : std::uint8_t { kPath, kName };

  // Fails on an unterminated class, on a POSIX class that does not exist or lacks the second pair of
  // brackets, and on a pattern that ends in a single backslash.
  static Result<Glob> compile(std::string_view pattern, Subject subject);

  // Returns true if the whole of `text` matches. Takes O(text * pattern) time at worst.
  bool matches(std::string_view text) const;

  // Returns false if no text that begins with `c` matches.
  bool may_begin_with(char c) const;

  // Returns true if the pattern has no wildcard. It then matches `literal_text()` and nothing else.
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
  std::string suffix_;         // trailing literal bytes
  std::vector<ByteClass> classes_;
};

}  // namespace rfan::format

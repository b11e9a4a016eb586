// Makes bytes from outside safe for a terminal and for line-oriented tools. Both programs use only this
// escaper.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rfan {

// Returns true for valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool valid_utf8(std::string_view bytes);

// Returns true if escape() would change nothing: `bytes` is valid UTF-8 without backslashes and without any
// character that escape() hides.
bool printable(std::string_view bytes);

// Longest output per input byte.
inline constexpr std::size_t kMaxEscapedBytes = 4;

// Writes `bytes` to `out`, which has room for kMaxEscapedBytes for each byte, and returns the end of the
// output. Replaces each byte of the following by \n, \t, \r, \\ or \xHH: control characters (C0, DEL, C1),
// backslashes, bytes that are not UTF-8, and characters that make one name look like another (bidirectional
// controls, zero-width characters, line and paragraph separators).
char* escape(std::string_view bytes, char* out);
std::string escaped(std::string_view bytes);

// Like escaped(), but keeps backslashes: names inside a sentence may be escaped already.
std::string escaped_sentence(std::string_view text);

}  // namespace rfan

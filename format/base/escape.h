// Bytes from outside made safe for a terminal and for line-oriented tools. The only escaper of both programs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rfan {

// True for valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool valid_utf8(std::string_view bytes);

// True when escape() would change nothing: valid UTF-8 without backslashes and without any character that
// escape() hides.
bool printable(std::string_view bytes);

// Longest output per input byte.
inline constexpr std::size_t kMaxEscapedBytes = 4;

// Writes `bytes` to `out` (room for kMaxEscapedBytes each). Gives as \n, \t, \r, \\ or \xHH for each byte:
// control characters (C0, DEL, C1), backslashes, bytes that are not UTF-8, and the characters by which a name
// looks like another one: bidirectional controls, zero-width characters, line and paragraph separators.
// Returns the end of what was written.
char* escape(std::string_view bytes, char* out);
std::string escaped(std::string_view bytes);

// Like escaped(), but leaves backslashes alone: for a sentence, in which names may be escaped already.
std::string escaped_sentence(std::string_view text);

}  // namespace rfan

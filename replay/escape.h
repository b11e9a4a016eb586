// Bytes from a trace made safe for a terminal and for line-oriented tools.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rfan::replay {

// True for valid UTF-8 (no surrogates, no overlong forms, at most U+10FFFF).
bool valid_utf8(std::string_view bytes);

// True when escape() would change nothing: valid UTF-8 without control characters and backslashes.
bool printable(std::string_view bytes);

// Longest output per input byte.
inline constexpr std::size_t kMaxEscapedBytes = 4;

// Writes `bytes` to `out` (room for kMaxEscapedBytes each) with control characters, backslashes and bytes
// that are not UTF-8 as \n, \t, \r, \\ or \xHH. Returns the end of what was written.
char* escape(std::string_view bytes, char* out);
std::string escaped(std::string_view bytes);

}  // namespace rfan::replay

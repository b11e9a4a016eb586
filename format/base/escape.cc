#include "format/base/escape.h"

#include <algorithm>
#include <iterator>

namespace rfan {
namespace {

unsigned char byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// Returns the length of the UTF-8 character at `i`, or 0 if there is none.
std::size_t utf8_length(std::string_view bytes, std::size_t i) {
  const unsigned lead = byte_at(bytes, i);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                             : lead >= 0xE0 && lead < 0xF0 ? 3
                             : lead < 0xF5                 ? 4
                                                           : 0;
  if (lead < 0xC2 || length == 0 || bytes.size() - i < length) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte_at(bytes, i + k) & 0xC0U) != 0x80U) return 0;
  }
  const unsigned second = byte_at(bytes, i + 1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool beyond = (lead == 0xED && second >= 0xA0) || (lead == 0xF4 && second >= 0x90);
  return overlong || beyond ? 0 : length;
}

// Returns the code point of the valid character of `length` bytes at `i`.
char32_t code_point(std::string_view bytes, std::size_t i, std::size_t length) {
  char32_t code = length == 1 ? byte_at(bytes, i) : byte_at(bytes, i) & (0x7FU >> length);
  for (std::size_t k = 1; k < length; ++k) code = code << 6U | (byte_at(bytes, i + k) & 0x3FU);
  return code;
}

struct CodeRange {
  char32_t first;
  char32_t last;
};
// In ascending order.
constexpr CodeRange kHidden[] = {
    {0x0000, 0x001F},  // C0 controls
    {0x007F, 0x009F},  // DEL and C1: a terminal may take them for control sequences as well
    {0x00AD, 0x00AD},  // soft hyphen
    {0x061C, 0x061C},  // Arabic letter mark
    {0x180E, 0x180E},  // Mongolian vowel separator
    {0x200B, 0x200F},  // zero-width space and joiners, direction marks
    {0x2028, 0x202E},  // line and paragraph separator, bidirectional embeddings and overrides
    {0x2060,
     0x206F},  // word joiner, invisible operators, bidirectional isolates, deprecated format characters
    {0xFEFF, 0xFEFF},    // zero-width no-break space, the byte order mark
    {0xFFF9, 0xFFFB},    // interlinear annotation
    {0xE0000, 0xE007F},  // tags
};

bool hidden(char32_t code) {
  const auto* const range = std::find_if(std::begin(kHidden), std::end(kHidden),
                                         [code](const CodeRange& known) { return code <= known.last; });
  return range != std::end(kHidden) && code >= range->first;
}

// Returns the length of the character at `i` if it may be shown as it is, else 0.
std::size_t shown_length(std::string_view bytes, std::size_t i) {
  const auto length = utf8_length(bytes, i);
  return length == 0 || hidden(code_point(bytes, i, length)) ? 0 : length;
}

char* escape_byte(unsigned char c, char* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  *out++ = '\\';
  switch (c) {
    case '\n':
      *out++ = 'n';
      return out;
    case '\t':
      *out++ = 't';
      return out;
    case '\r':
      *out++ = 'r';
      return out;
    case '\\':
      *out++ = '\\';
      return out;
    default:
      *out++ = 'x';
      *out++ = kHex[c >> 4U];
      *out++ = kHex[c & 15U];
      return out;
  }
}

enum class Backslash : bool { kDoubled, kKept };

char* escape(std::string_view bytes, Backslash backslash, char* out) {
  for (std::size_t i = 0; i < bytes.size();) {
    const bool doubled = bytes[i] == '\\' && backslash == Backslash::kDoubled;
    const auto length = doubled ? 0 : shown_length(bytes, i);
    // Escapes one byte. The other bytes of a hidden character are not UTF-8 by themselves, so each is escaped
    // in its turn.
    if (length == 0) out = escape_byte(byte_at(bytes, i), out);
    out = std::copy_n(bytes.data() + i, length, out);
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

std::string escaped(std::string_view bytes, Backslash backslash) {
  std::string out(bytes.size() * kMaxEscapedBytes, '\0');
  out.resize(static_cast<std::size_t>(escape(bytes, backslash, out.data()) - out.data()));
  return out;
}

}  // namespace

bool valid_utf8(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const auto length = utf8_length(bytes, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

bool printable(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const auto length = bytes[i] == '\\' ? 0 : shown_length(bytes, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

char* escape(std::string_view bytes, char* out) {
  return escape(bytes, Backslash::kDoubled, out);
}

std::string escaped(std::string_view bytes) {
  return escaped(bytes, Backslash::kDoubled);
}

std::string escaped_sentence(std::string_view text) {
  return escaped(text, Backslash::kKept);
}

}  // namespace rfan

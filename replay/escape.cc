#include "replay/escape.h"

#include <algorithm>
#include <cstdint>

namespace rfan::replay {
namespace {

unsigned char byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

// Length of the UTF-8 character at `i`, 0 when there is none.
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

bool plain_ascii(unsigned char c) {
  return c >= 0x20 && c < 0x7F && c != '\\';
}

// U+0080 to U+009F: a terminal may take them for control sequences as well.
bool c1_control(std::string_view bytes, std::size_t i) {
  return byte_at(bytes, i) == 0xC2 && byte_at(bytes, i + 1) < 0xA0;
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
    const auto length = utf8_length(bytes, i);
    if (length == 0 || (length == 1 && !plain_ascii(byte_at(bytes, i)))) return false;
    if (length == 2 && c1_control(bytes, i)) return false;
    i += length;
  }
  return true;
}

char* escape(std::string_view bytes, char* out) {
  for (std::size_t i = 0; i < bytes.size();) {
    const auto length = utf8_length(bytes, i);
    const bool plain =
        length == 1 ? plain_ascii(byte_at(bytes, i)) : length > 1 && !(length == 2 && c1_control(bytes, i));
    const auto end = i + std::max<std::size_t>(length, 1);
    for (; i < end; ++i) {
      if (plain) {
        *out++ = bytes[i];
      } else {
        out = escape_byte(byte_at(bytes, i), out);
      }
    }
  }
  return out;
}

std::string escaped(std::string_view bytes) {
  std::string out(bytes.size() * kMaxEscapedBytes, '\0');
  out.resize(static_cast<std::size_t>(escape(bytes, out.data()) - out.data()));
  return out;
}

}  // namespace rfan::replay

#include "replay/text/json_writer.h"

#include <algorithm>
#include <string>

#include "format/base/escape.h"

namespace rfan::replay {
namespace {

std::string b64_name(std::string_view name) {
  return std::string(name) + "_b64";
}

}  // namespace

void JsonWriter::end_line() {
  stream_.out.put('\n');
  writer_.Reset(stream_);
}

void JsonWriter::member_bytes(std::string_view name, std::string_view bytes) {
  if (valid_utf8(bytes)) {
    member(name, bytes);
  } else {
    member(b64_name(name), base64(bytes));
  }
}

void JsonWriter::member_bytes(std::string_view name, std::span<const std::string_view> elements) {
  const bool plain = std::all_of(elements.begin(), elements.end(), valid_utf8);
  key(plain ? std::string(name) : b64_name(name));
  begin_array();
  for (const auto element : elements) text(plain ? std::string(element) : base64(element));
  end_array();
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8U | (k < group.size() ? static_cast<unsigned char>(group[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) out += k <= group.size() ? kDigits[bits >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

}  // namespace rfan::replay

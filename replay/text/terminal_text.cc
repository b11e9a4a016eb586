#include "replay/text/terminal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

#include "format/base/escape.h"

namespace rfan::replay {
namespace {

// Returns the length in bytes of the character that begins with `first` in valid UTF-8.
std::size_t character_bytes(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}

std::uint32_t code_point(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  std::uint32_t code = character.size() == 1 ? lead : lead & (0x7FU >> character.size());
  for (const char c : character.substr(1)) code = code << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return code;
}

std::string json_escape(std::uint32_t code) {
  if (code < 0x10000) return fmt::format("\\u{:04x}", code);
  const auto offset = code - 0x10000;
  return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (offset >> 10U), 0xDC00 + (offset & 0x3FFU));
}

std::string safe_line(std::string_view line) {
  std::string safe;
  while (!line.empty()) {
    const auto character = line.substr(0, character_bytes(line[0]));
    const bool shown = character == "\\" || character == "\n" || printable(character);
    safe += shown ? std::string(character) : json_escape(code_point(character));
    line.remove_prefix(character.size());
  }
  return safe;
}

bool is_number(std::string_view text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) == 0) return false;
  double ignored = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), ignored);
  return failure == std::errc() && end == text.data() + text.size();
}

std::string safe_cell(std::string_view cell) {
  const bool quoted = cell.size() >= 2 && cell.front() == '"' && cell.back() == '"';
  const auto inside = quoted ? cell.substr(1, cell.size() - 2) : cell;
  const bool formula = !inside.empty() && std::string_view("=+-@").find(inside[0]) != std::string_view::npos;
  auto safe = escaped_sentence(inside);
  if (formula && !is_number(inside)) safe.insert(0, 1, '\'');
  return quoted ? '"' + safe + '"' : safe;
}

}  // namespace

std::string SafeJson::pass(std::string_view bytes) {
  line_ += bytes;
  const auto whole = line_.rfind('\n') + 1;  // 0 if there is none
  auto safe = safe_line(std::string_view(line_).substr(0, whole));
  line_.erase(0, whole);
  return safe;
}

std::string SafeCsv::pass(std::string_view bytes) {
  std::string safe;
  for (const char c : bytes) {
    if (c == '"') quoted_ = !quoted_;  // a doubled quote toggles twice
    if (quoted_ || (c != ',' && c != '\n')) {
      cell_ += c;
      continue;
    }
    safe += safe_cell(cell_);
    safe += c;
    cell_.clear();
  }
  return safe;
}

}  // namespace rfan::replay

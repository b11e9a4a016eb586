#include "format/error.h"

#include <fmt/format.h>

#include <iterator>
#include <system_error>

namespace rfan {

std::string escape_control_bytes(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(escaped), "\\x{:02x}", byte);
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string Error::message() const {
  std::string text = escape_control_bytes(what);
  if (!path.empty()) text += fmt::format(" '{}'", escape_control_bytes(path));
  if (errno_value != 0) text += fmt::format(": {}", std::generic_category().message(errno_value));
  if (!hint.empty()) text += fmt::format("; {}", escape_control_bytes(hint));
  return text;
}

Error errno_error(std::string_view what, std::string_view path, std::string_view hint) {
  const int saved = errno;
  return Error{std::string(what), std::string(path), saved, std::string(hint)};
}

}  // namespace rfan

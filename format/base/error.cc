#include "format/base/error.h"

#include <fmt/format.h>

#include <system_error>

#include "format/base/escape.h"

namespace rfan {

std::string Error::message() const {
  std::string text = escaped_sentence(what);
  if (!path.empty()) text += fmt::format(" '{}'", escaped(path));
  if (errno_value != 0) text += fmt::format(": {}", std::generic_category().message(errno_value));
  if (!hint.empty()) text += fmt::format("; {}", escaped_sentence(hint));
  if (!excerpt.empty()) text += '\n' + excerpt;
  return text;
}

Error errno_error(std::string_view what, std::string_view path, std::string_view hint) {
  const int saved = errno;
  return {
      .what = std::string(what), .path = std::string(path), .errno_value = saved, .hint = std::string(hint)};
}

}  // namespace rfan

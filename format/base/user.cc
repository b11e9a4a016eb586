#include "format/base/user.h"

#include <pwd.h>

#include <charconv>
#include <string>

namespace rfan {

Result<std::uint32_t> parse_user(std::string_view text) {
  constexpr const char* kHint = "write the name of a user of this machine, or a number";
  const char* last = text.data() + text.size();
  std::uint32_t uid = 0;
  const auto [end, failure] = std::from_chars(text.data(), last, uid);
  if (failure == std::errc() && end == last) return uid;
  const std::string name(text);
  if (failure == std::errc::result_out_of_range && end == last)
    return Error{"no user has the number", name, 0, kHint};
  if (const auto* entry = ::getpwnam(name.c_str())) return entry->pw_uid;  // NOLINT(concurrency-mt-unsafe)
  return Error{"no such user", name, 0, kHint};
}

}  // namespace rfan

#include "format/model/own_files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>
#include <system_error>

namespace rfan::format {
namespace {

// Returns nothing if the variable is absent or not an id. -1 means "leave it" to fchown, and an id cut to 32
// bits would mean somebody else.
std::optional<std::uint32_t> id_in_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return {};
  const std::string_view digits = text;
  std::uint32_t id = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (failure != std::errc() || end != digits.data() + digits.size() || id == UINT32_MAX) return {};
  return id;
}

bool owns_directory_of(std::uint32_t uid, const std::string& path) {
  const auto name_begin = path.rfind('/') + 1;  // 0 without a slash
  const auto directory = name_begin == 0 ? std::string(".") : path.substr(0, name_begin);
  struct stat status {};
  return ::stat(directory.c_str(), &status) == 0 && status.st_uid == uid;
}

std::string objection_to(std::uint32_t owner, const std::string& path) {
  if (is_own_user(owner) || owns_directory_of(owner, path)) return {};
  return fmt::format("it belongs to user {}", owner);
}

std::string_view type_name(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return "a directory";
    case S_IFLNK:
      return "a symbolic link";
    case S_IFIFO:
      return "a FIFO";
    case S_IFSOCK:
      return "a socket";
    default:
      return "a device";
  }
}

}  // namespace

std::optional<UserIds> invoking_user() {
  const auto user = id_in_environment("SUDO_UID");
  const auto group = id_in_environment("SUDO_GID");
  if (::geteuid() != 0 || !user || !group) return {};
  return UserIds{*user, *group};
}

bool is_own_user(std::uint32_t uid) {
  if (uid == 0 || uid == ::geteuid()) return true;
  const auto caller = invoking_user();
  return caller && caller->user == uid;
}

std::string objection_to_owner(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return objection_to(status.st_uid, path);
}

std::string objection_to_file(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  if (!S_ISREG(status.st_mode)) return fmt::format("it is {}", type_name(status.st_mode));
  if (status.st_nlink != 1) return "it has other names (hard links)";
  return objection_to(status.st_uid, path);
}

}  // namespace rfan::format

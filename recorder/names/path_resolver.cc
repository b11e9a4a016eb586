#include "recorder/names/path_resolver.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

#include "recorder/system/deleted_suffix.h"

namespace rfan::recorder {

Result<PathResolver> PathResolver::open() {
  UniqueFd descriptors(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptors) return errno_error("cannot open", "/proc/self/fd", "rfanrec needs proc to name files");
  return PathResolver(std::move(descriptors));
}

std::optional<std::string_view> PathResolver::read(int event_fd) {
  std::array<char, 16> name{};
  std::to_chars(name.data(), name.data() + name.size() - 1, event_fd);
  const ssize_t bytes = ::readlinkat(descriptors_.get(), name.data(), buffer_.data(), buffer_.size());
  if (bytes <= 0 || static_cast<std::size_t>(bytes) > format::kMaxPathBytes) return std::nullopt;
  return std::string_view(buffer_.data(), static_cast<std::size_t>(bytes));
}

std::optional<ResolvedPath> PathResolver::resolve(int event_fd) {
  const auto path = read(event_fd);
  if (!path) return std::nullopt;
  ResolvedPath resolved{*path, false};
  if (!path->ends_with(kDeletedSuffix)) return resolved;
  struct stat object {};
  if (names_deleted(*path, ::fstat(event_fd, &object) == 0 ? &object : nullptr))
    resolved = {without_deleted_suffix(*path), true};
  return resolved;
}

}  // namespace rfan::recorder

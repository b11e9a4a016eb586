#include "recorder/path_resolver.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>

#include "recorder/process_log.h"

namespace rfan::recorder {

Result<PathResolver> PathResolver::open() {
  UniqueFd descriptors(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptors) return errno_error("cannot open", "/proc/self/fd", "rfanrec needs proc to name files");
  return PathResolver(std::move(descriptors));
}

std::optional<ResolvedPath> PathResolver::resolve(int event_fd) {
  std::array<char, 16> name{};
  std::to_chars(name.data(), name.data() + name.size() - 1, event_fd);
  const ssize_t bytes = ::readlinkat(descriptors_.get(), name.data(), buffer_.data(), buffer_.size() - 1);
  if (bytes <= 0 || static_cast<std::size_t>(bytes) > format::kMaxPathBytes) return std::nullopt;
  ResolvedPath resolved{{buffer_.data(), static_cast<std::size_t>(bytes)}, false};
  if (resolved.path.ends_with(kDeletedSuffix)) {
    buffer_[static_cast<std::size_t>(bytes)] = '\0';
    if (!is_literal_name(event_fd)) {
      resolved.path.remove_suffix(kDeletedSuffix.size());
      resolved.deleted = true;
    }
  }
  return resolved;
}

// The kernel appends " (deleted)" to the path of an unlinked object, but a file may really be called that:
// then the path as it stands leads to the object itself.
bool PathResolver::is_literal_name(int event_fd) {
  struct stat object {};
  struct stat named {};
  return ::fstat(event_fd, &object) == 0 && ::lstat(buffer_.data(), &named) == 0 &&
         object.st_dev == named.st_dev && object.st_ino == named.st_ino;
}

}  // namespace rfan::recorder

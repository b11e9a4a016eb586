// Finds the path of an event's descriptor.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "format/base/error.h"
#include "format/base/limits.h"
#include "format/base/unique_fd.h"

namespace rfan::recorder {

struct ResolvedPath {
  std::string_view path;  // absolute, bytes; valid until the next resolve()
  bool deleted = false;   // the name was already unlinked
};

// Uses one readlinkat(2) per call (3.7 us); RepeatedFiles saves most of them. For one thread; resolve() must
// not be called on the reader thread.
class PathResolver {
 public:
  static Result<PathResolver> open();

  // Returns the kernel's path, perhaps with kDeletedSuffix; valid until the next call. Returns nothing if the
  // kernel cannot name it (the path is longer than a page, or readlink fails otherwise). Never waits.
  std::optional<std::string_view> read(int event_fd);
  // Like read(), but separates the suffix, unless a file really has such a name.
  std::optional<ResolvedPath> resolve(int event_fd);

 private:
  explicit PathResolver(UniqueFd descriptors) : descriptors_(std::move(descriptors)) {}

  UniqueFd descriptors_;  // /proc/self/fd: half the cost of a look-up from the root
  std::array<char, format::kMaxPathBytes + 1> buffer_{};
};

}  // namespace rfan::recorder

// From an event's descriptor to the path of the object.
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

// One thread; resolve() not on the reader's. One readlinkat(2) for each call (3.7 us); RepeatedFiles
// saves most of them.
class PathResolver {
 public:
  static Result<PathResolver> open();

  // The path as the kernel gives it, perhaps with kDeletedSuffix; valid until the next call. Nothing when the
  // kernel cannot name it (longer than a page, or another failure of readlink). Waits for nobody.
  std::optional<std::string_view> read(int event_fd);
  // The same, with the suffix told apart from a file that is really called so.
  std::optional<ResolvedPath> resolve(int event_fd);

 private:
  explicit PathResolver(UniqueFd descriptors) : descriptors_(std::move(descriptors)) {}

  UniqueFd descriptors_;  // /proc/self/fd: a look-up from here is half the price of one from the root
  std::array<char, format::kMaxPathBytes + 1> buffer_{};
};

}  // namespace rfan::recorder

// Tells when something was mounted, so that a recording can follow.
#pragma once

#include <poll.h>

#include <string>
#include <utility>
#include <vector>

#include "format/base/error.h"
#include "format/base/unique_fd.h"
#include "recorder/mounts/mounts.h"

namespace rfan::recorder {

// One thread. Sees the mount namespace of the main thread, as read_mounts() does: what is mounted only in
// another namespace, a container's, is not seen. /proc/self/mountinfo rather than FAN_MARK_MNTNS, which needs
// a newer kernel; the answer is the same.
class MountWatch {
 public:
  // What is mounted now counts as known.
  static Result<MountWatch> open();

  // To be polled for kPollEvents. A poll() that reports them also clears them.
  int fd() const { return file_.get(); }
  static constexpr short kPollEvents = POLLPRI;
  // Such a poll(). Does not block.
  bool has_changed() const;

  // The mounts that were not there at open() or at the look before, in the order of all_mounts(). To be
  // called after each poll() that reports. What was mounted and unmounted again in between is not seen, but
  // see came_and_went(). Nor
  // is a filesystem that was unmounted and mounted again on the same place in between, whose marks are gone:
  // so after each change mark again whatever is held by `all_mounts()`; marking twice changes nothing.
  Result<std::vector<Mount>> look();

  // Whether the last look() found all as it had been, though the kernel had told of a change: something was
  // mounted and unmounted again, or mounted with other options and back.
  bool came_and_went() const { return came_and_went_; }

  // As of the last look() or of open().
  const std::vector<Mount>& all_mounts() const { return mounts_; }

 private:
  explicit MountWatch(UniqueFd file) : file_(std::move(file)) {}

  UniqueFd file_;  // /proc/self/mountinfo
  std::string text_;
  std::vector<Mount> mounts_;
  bool came_and_went_ = false;
};

}  // namespace rfan::recorder

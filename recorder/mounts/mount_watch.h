// Notices new mounts, so that a recording can follow them.
#pragma once

#include <poll.h>

#include <string>
#include <utility>
#include <vector>

#include "format/base/error.h"
#include "format/base/unique_fd.h"
#include "recorder/mounts/mounts.h"

namespace rfan::recorder {

// Watches the mount namespace of the main thread, as read_mounts() does; mounts that exist only in another
// namespace (a container's) are invisible. Uses /proc/self/mountinfo instead of FAN_MARK_MNTNS, which gives
// the same answer but needs a newer kernel. For one thread.
class MountWatch {
 public:
  // Starts the watch. The present mounts count as known.
  static Result<MountWatch> open();

  // Poll it for kPollEvents. A poll() that reports them also clears them.
  int fd() const { return file_.get(); }
  static constexpr short kPollEvents = POLLPRI;
  // Does such a poll() without blocking.
  bool has_changed() const;

  // Returns the mounts that are new since open() or the previous look(), in the order of all_mounts(). Call
  // it after each poll() that reports a change. It misses a mount that was unmounted again in between (but
  // see came_and_went()). It also misses a filesystem that was unmounted and mounted again in the same place,
  // which lost its marks. So after each change, mark all recorded mounts of all_mounts() again; marking twice
  // changes nothing.
  Result<std::vector<Mount>> look();

  // Returns whether the last look() found no difference although the kernel reported a change: something was
  // mounted and unmounted again, or mounted with other options and back.
  bool came_and_went() const { return came_and_went_; }

  // The mounts at the last look() or open().
  const std::vector<Mount>& all_mounts() const { return mounts_; }

 private:
  explicit MountWatch(UniqueFd file) : file_(std::move(file)) {}

  UniqueFd file_;  // /proc/self/mountinfo
  std::string text_;
  std::vector<Mount> mounts_;
  bool came_and_went_ = false;
};

}  // namespace rfan::recorder

#include "recorder/own_mounts.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

namespace rfan::recorder {

Result<OwnMounts> OwnMounts::open() {
  auto watch = MountWatch::open();
  if (!watch) return watch.error();
  return OwnMounts(std::move(*watch));
}

void OwnMounts::refresh() {
  pollfd changed{watch_.fd(), MountWatch::kPollEvents, 0};
  if (::poll(&changed, 1, 0) > 0 && watch_.look().ok()) learn();
}

bool OwnMounts::has(int fd) const {
  struct statx found {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &found) != 0) return true;
  return (found.stx_mask & STATX_MNT_ID) == 0 || ids_.contains(found.stx_mnt_id);
}

void OwnMounts::learn() {
  ids_.clear();
  for (const auto& mount : watch_.all_mounts()) ids_.insert(mount.id);
}

}  // namespace rfan::recorder

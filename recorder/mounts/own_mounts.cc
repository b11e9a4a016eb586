#include "recorder/mounts/own_mounts.h"

#include <poll.h>

namespace rfan::recorder {

Result<OwnMounts> OwnMounts::open() {
  auto watch = MountWatch::open();
  if (!watch) return watch.error();
  return OwnMounts(std::move(*watch));
}

void OwnMounts::refresh() {
  if (watch_.has_changed() && watch_.look().ok()) learn();
}

void OwnMounts::learn() {
  ids_.clear();
  for (const auto& mount : watch_.all_mounts()) ids_.insert(mount.id);
}

}  // namespace rfan::recorder

// Which mounts are those of our mount namespace.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <utility>

#include "format/base/error.h"
#include "recorder/mounts/mount_watch.h"

namespace rfan::recorder {

// A filesystem mark sees every mount of the filesystem: those of containers, and the private ones through
// which an overlay reads its layers. The kernel's path of a descriptor on such a mount starts there:
// "/etc/passwd" of a layer is not the /etc/passwd that we see. Writer thread only.
class OwnMounts {
 public:
  static Result<OwnMounts> open();

  // Call now and then: reads the list of mounts again if it has changed.
  void refresh();
  // Whether the mount is one that we have. One that is newer than the last refresh() is not known yet; a
  // descriptor keeps its mount, whose id is thus not given out anew.
  bool has(std::uint64_t mount_id) const { return ids_.contains(mount_id); }

 private:
  explicit OwnMounts(MountWatch watch) : watch_(std::move(watch)) { learn(); }
  void learn();

  MountWatch watch_;
  absl::flat_hash_set<std::uint64_t> ids_;
};

}  // namespace rfan::recorder

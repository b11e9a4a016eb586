// The mounts of our mount namespace.
#pragma once

#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <utility>

#include "format/base/error.h"
#include "recorder/mounts/mount_watch.h"

namespace rfan::recorder {

// Tells our mounts from those of other namespaces. A filesystem mark sees every mount of the filesystem:
// those of containers, and the private ones through which an overlay reads its layers. The kernel's path for
// a descriptor on such a mount starts at that mount: "/etc/passwd" of a layer is not the /etc/passwd that we
// see. For the writer thread.
class OwnMounts {
 public:
  static Result<OwnMounts> open();

  // Reads the list of mounts again if it has changed. Call it now and then.
  void refresh();
  // Returns whether we have this mount. A mount newer than the last refresh() is still unknown. An open
  // descriptor keeps its mount alive, so the kernel cannot reuse its id meanwhile.
  bool has(std::uint64_t mount_id) const { return ids_.contains(mount_id); }

 private:
  explicit OwnMounts(MountWatch watch) : watch_(std::move(watch)) { learn(); }
  void learn();

  MountWatch watch_;
  absl::flat_hash_set<std::uint64_t> ids_;
};

}  // namespace rfan::recorder

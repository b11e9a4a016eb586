#include "recorder/scope.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "recorder/mounts.h"

namespace rfan::recorder {

Result<Scope> scope_of_paths(const std::vector<std::string>& paths) {
  const auto mounts = read_mounts();
  if (!mounts) return mounts.error();
  Scope scope;
  std::set<std::string> devices;
  for (const auto& path : paths) {
    const auto mount = mount_of(path, mounts.value());
    if (!mount) return mount.error();
    const auto& fs_type = mount.value().fs_type;
    if (!can_hold(fs_type)) {
      return Error{"cannot record the " + fs_type + " filesystem of", path, 0, why_not_held(fs_type)};
    }
    if (devices.insert(mount.value().device).second) scope.targets.push_back({path, fs_type});
  }
  return scope;
}

Result<Scope> scope_of_everything() {
  const auto mounts = read_mounts();
  if (!mounts) return mounts.error();
  Scope scope;
  std::set<std::string> devices;
  for (const auto& mount : mounts.value()) {
    if (!can_hold(mount.fs_type)) {
      scope.coverage.push_back({mount.path, mount.fs_type, false, why_not_held(mount.fs_type)});
    } else if (devices.insert(mount.device).second) {
      scope.targets.push_back({mount.path, mount.fs_type});
    }
  }
  return scope;
}

Status place_marks(FanotifyGroup& group, Scope& scope) {
  Status failure;
  std::size_t placed = 0;
  for (const auto& target : scope.targets) {
    auto status = group.add_mark(MarkKind::kFilesystem, target.path);
    const char* how = "filesystem mark";
    if (!status) {
      status = group.add_mark(MarkKind::kMount, target.path);
      how = "mount mark: other mounts of the filesystem are not seen";
    }
    if (status.ok()) {
      ++placed;
    } else {
      failure = status;
    }
    const std::string why = status.ok() ? how : std::strerror(status.error().errno_value);
    scope.coverage.push_back({target.path, target.fs_type, status.ok(), why});
  }
  if (placed != 0) return {};
  return failure.ok() ? Status(Error{"found no filesystem to record", {}, 0, {}}) : failure;
}

}  // namespace rfan::recorder

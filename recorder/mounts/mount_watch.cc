#include "recorder/mounts/mount_watch.h"

#include <fcntl.h>

#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace rfan::recorder {

Result<MountWatch> MountWatch::open() {
  constexpr const char* kPath = "/proc/self/mountinfo";
  // Open the descriptor before reading the list: a mount in between is then reported, not missed.
  UniqueFd file(::open(kPath, O_RDONLY | O_CLOEXEC));
  if (!file) return errno_error("cannot watch", kPath, "rfanrec needs proc to follow mounts");
  auto text = read_mountinfo();
  if (!text) return text.error();
  MountWatch watch(std::move(file));
  watch.text_ = std::move(*text);
  watch.mounts_ = parse_mountinfo(watch.text_);
  return watch;
}

bool MountWatch::has_changed() const {
  pollfd changed{fd(), kPollEvents, 0};
  return ::poll(&changed, 1, 0) > 0;
}

Result<std::vector<Mount>> MountWatch::look() {
  auto text = read_mountinfo();
  if (!text) return text.error();
  came_and_went_ = *text == text_;
  text_ = std::move(*text);
  auto before = std::exchange(mounts_, parse_mountinfo(text_));
  // The kernel reuses the id of an unmounted mount for the next one, so the id alone proves nothing.
  std::set<std::tuple<std::uint64_t, std::string_view, std::string_view>> known;
  for (const auto& mount : before) known.insert({mount.id, mount.device, mount.path});
  std::vector<Mount> found;
  for (const auto& mount : mounts_) {
    if (!known.contains({mount.id, mount.device, mount.path})) found.push_back(mount);
  }
  return found;
}

}  // namespace rfan::recorder

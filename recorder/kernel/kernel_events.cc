#include "recorder/kernel/kernel_events.h"

#include <sys/fanotify.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace rfan::recorder {

using format::EventKind;

static_assert(sizeof(fanotify_event_metadata) == kKernelEventBytes);

const std::uint64_t kModifierBits = FAN_ONDIR | FAN_Q_OVERFLOW;

bool KernelEvent::is_permission() const {
  return (mask & (FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM)) != 0;
}
bool KernelEvent::is_exec() const {
  return (mask & (FAN_OPEN_EXEC | FAN_OPEN_EXEC_PERM)) != 0;
}
bool KernelEvent::is_overflow() const {
  return (mask & FAN_Q_OVERFLOW) != 0;
}
bool KernelEvent::is_directory() const {
  return (mask & FAN_ONDIR) != 0;
}

bool KernelEventWalker::next(KernelEvent& event) {
  if (rest_.empty() || malformed_) return false;
  fanotify_event_metadata metadata;
  malformed_ = true;
  if (rest_.size() < sizeof metadata) return false;
  std::memcpy(&metadata, rest_.data(), sizeof metadata);
  if (metadata.vers != FANOTIFY_METADATA_VERSION || metadata.event_len < sizeof metadata ||
      metadata.event_len > rest_.size()) {
    return false;
  }
  malformed_ = false;
  records_ = rest_.subspan(sizeof metadata, metadata.event_len - sizeof metadata);
  rest_ = rest_.subspan(metadata.event_len);
  event.mask = static_cast<std::uint32_t>(metadata.mask);
  event.fd = metadata.fd;
  event.pid = static_cast<std::uint32_t>(metadata.pid);
  return true;
}

namespace {

constexpr std::array<MaskKind, 12> kKinds{{
    {FAN_CREATE, EventKind::kCreate},
    {FAN_OPEN_EXEC_PERM, EventKind::kExec},
    {FAN_OPEN_EXEC, EventKind::kExec},
    {FAN_OPEN_PERM, EventKind::kOpen},
    {FAN_OPEN, EventKind::kOpen},
    {FAN_ACCESS, EventKind::kAccess},
    {FAN_MODIFY, EventKind::kModify},
    {FAN_ATTRIB, EventKind::kAttrib},
    {FAN_CLOSE_WRITE, EventKind::kCloseWrite},
    {FAN_CLOSE_NOWRITE, EventKind::kCloseNowrite},
    {FAN_RENAME, EventKind::kRename},
    {FAN_DELETE, EventKind::kDelete},
}};

// A KernelEvent keeps the lower half of the mask.
static_assert(std::all_of(kKinds.begin(), kKinds.end(),
                          [](const MaskKind& kind) { return kind.bit <= UINT32_MAX; }));

}  // namespace

std::span<const MaskKind> mask_kinds() {
  return kKinds;
}

std::size_t count_kinds(std::uint64_t mask) {
  std::size_t count = 0;
  for_each_kind(mask, [&](EventKind) { ++count; });
  return count;
}

}  // namespace rfan::recorder

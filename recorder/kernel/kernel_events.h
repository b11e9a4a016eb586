// What the kernel writes into a read() of a fanotify group, turned into records. Pure: no system calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "format/model/event.h"

namespace rfan::recorder {

// One fanotify_event_metadata, fields that we use.
struct KernelEvent {
  std::uint64_t mask = 0;
  int fd = -1;  // descriptor of the object; negative errno if the kernel could not open it, -1 on overflow
  std::uint32_t pid = 0;  // thread group; 0 when it is not visible in our pid namespace

  std::span<const std::byte>
      info{};  // the records behind the metadata (named_events.h); empty in the permission group

  bool is_held() const;  // a permission event: somebody waits for our answer
  bool is_exec() const;
  bool is_overflow() const;  // the queue was full: an unknown number of events is missing here
  bool is_directory() const;
};

// Bits of a mask that are not a kind of event: directory, overflow.
extern const std::uint64_t kModifierBits;

// Walks a buffer filled by read(2) on a fanotify group.
class KernelEventWalker {
 public:
  explicit KernelEventWalker(std::span<const std::byte> bytes) : rest_(bytes) {}
  // False at the end. Bytes that are no whole event of the known version end the walk too: see `malformed()`.
  bool next(KernelEvent& event);
  bool malformed() const { return malformed_; }

 private:
  std::span<const std::byte> rest_;
  bool malformed_ = false;
};

// sizeof(fanotify_event_metadata): what one event without info records takes in the buffer.
inline constexpr std::size_t kKernelEventBytes = 24;

// Bits of a fanotify mask and the kind each means, in the order for_each_kind() uses.
struct MaskKind {
  std::uint64_t bit;
  format::EventKind kind;
};
std::span<const MaskKind> mask_kinds();

// Calls `emit(kind)` for each event kind in `mask`; a notification event can carry several that the kernel
// merged, they come out in the order in which they can have happened.
template <typename Emit>
void for_each_kind(std::uint64_t mask, Emit&& emit) {
  for (const auto& entry : mask_kinds()) {
    if ((mask & entry.bit) != 0) emit(entry.kind);
  }
}

// How often for_each_kind() emits.
std::size_t count_kinds(std::uint64_t mask);

}  // namespace rfan::recorder

// Decodes the bytes that read() of a fanotify group returns. Pure: no system calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "format/model/event.h"

namespace rfan::recorder {

// The fields of one fanotify_event_metadata that we use. It has no initial values, so that an array of events
// in an arena that is not used yet takes no memory.
struct KernelEvent {
  std::uint32_t mask;  // the lower half: the upper half has no bits of ours
  // Descriptor of the object. A negative errno if the kernel could not open it; -1 on overflow, and in the
  // notification group.
  int fd;
  std::uint32_t pid;  // thread group; 0 if invisible in our pid namespace

  bool is_permission() const;  // a permission event: the opener waits for our response
  bool is_exec() const;
  bool is_overflow() const;  // the queue was full: an unknown number of events is lost here
  bool is_directory() const;
};

// Bits of a mask that are not event kinds: directory, overflow.
extern const std::uint64_t kModifierBits;

// Walks a buffer filled by read(2) on a fanotify group.
class KernelEventWalker {
 public:
  explicit KernelEventWalker(std::span<const std::byte> bytes) : rest_(bytes) {}
  // Returns false at the end. Bytes that are not a whole event of the known version also end the walk: see
  // malformed().
  bool next(KernelEvent& event);
  // Returns the records after the metadata of the latest event (named_events.h); empty in the permission
  // group.
  std::span<const std::byte> records() const { return records_; }
  bool malformed() const { return malformed_; }

 private:
  std::span<const std::byte> rest_;
  std::span<const std::byte> records_;
  bool malformed_ = false;
};

// sizeof(fanotify_event_metadata): the size of an event without info records.
inline constexpr std::size_t kKernelEventBytes = 24;

// The bits of a fanotify mask and their kinds, in the order of for_each_kind().
struct MaskKind {
  std::uint64_t bit;
  format::EventKind kind;
};
std::span<const MaskKind> mask_kinds();

// Calls `emit(kind)` for each event kind in `mask`. A notification event can carry several kinds that the
// kernel merged; they come out in the order in which they can have happened.
template <typename Emit>
void for_each_kind(std::uint64_t mask, Emit&& emit) {
  for (const auto& entry : mask_kinds()) {
    if ((mask & entry.bit) != 0) emit(entry.kind);
  }
}

// Returns how often for_each_kind() calls `emit`.
std::size_t count_kinds(std::uint64_t mask);

}  // namespace rfan::recorder

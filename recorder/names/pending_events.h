// Events whose paths were looked up, until the renames that came in between are known too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/handover/process_log.h"
#include "recorder/kernel/kernel_events.h"
#include "recorder/names/event_names.h"

namespace rfan::recorder {

// An event with what the reader thread found out about it.
struct ArenaEvent {
  KernelEvent kernel{};  // without `info` once the arena is given back
  ImageSerial image = 0;
  bool denied = false;     // by --deny
  bool uncertain = false;  // whether of `image` or of the one before (ExecOrder)
  std::uint64_t read_ns = 0;
  std::uint64_t answered_ns = 0;
  std::uint64_t position = 0;  // in the stream (RecentMoves)
};

// Events of one arena. Writer thread only. Keeps its memory when it is cleared: some 100 bytes an event, and
// the paths.
class PendingEvents {
 public:
  void add(const ArenaEvent& event, const EventPaths& paths) {
    entries_.push_back({event, paths.path.size(), paths.path2.size(), paths.deleted, paths.why_unknown});
    entries_.back().event.kernel.info = {};
    text_.append(paths.path).append(paths.path2);
  }

  // Calls `write(event, paths)` for each that is left, in the order of add(), until it returns false: that
  // one and those behind it are left. Returns whether none is.
  template <typename Write>
  bool take_while(Write&& write) {
    for (; taken_ != entries_.size(); ++taken_) {
      const auto& entry = entries_[taken_];
      const auto text = std::string_view(text_).substr(text_taken_);
      const EventPaths paths{text.substr(0, entry.path_bytes),
                             text.substr(entry.path_bytes, entry.path2_bytes), entry.deleted,
                             entry.why_unknown};
      if (!write(entry.event, paths)) return false;
      text_taken_ += entry.path_bytes + entry.path2_bytes;
    }
    return true;
  }

  void clear() {
    entries_.clear();
    text_.clear();
    taken_ = text_taken_ = 0;
    descriptors.clear();
  }

  std::vector<int> descriptors;    // of these events and of those left out; to be closed, by the owner
  std::uint64_t end_position = 0;  // in the stream, of the latest event of the arena
  std::uint64_t looked_up_ns = 0;  // CLOCK_MONOTONIC, when the last of them was
  std::uint64_t settle_by_ns = 0;  // when they are written as they are

 private:
  struct Entry {
    ArenaEvent event;
    std::size_t path_bytes;
    std::size_t path2_bytes;
    bool deleted;
    format::LossCause why_unknown;
  };
  std::vector<Entry> entries_;
  std::string text_;
  std::size_t taken_ = 0;  // of entries_, and their bytes of text_
  std::size_t text_taken_ = 0;
};

}  // namespace rfan::recorder

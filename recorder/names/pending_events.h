// Events with paths from a look-up, kept until the renames in between are known.
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

// An event with the facts that the reader thread added.
struct ArenaEvent {
  KernelEvent kernel{};
  ImageSerial image = 0;
  bool own = false;        // the recorder caused it
  bool denied = false;     // by --deny
  bool uncertain = false;  // it belongs to `image` or to the image before (ExecOrder)
  std::uint64_t read_ns = 0;
  std::uint64_t answered_ns = 0;
  std::uint64_t position = 0;  // in the stream (RecentMoves)
};

// The events of one arena. clear() keeps the memory: about 100 bytes an event, and the paths. For the writer
// thread.
class PendingEvents {
 public:
  void add(const ArenaEvent& event, const EventPaths& paths) {
    entries_.push_back({event, paths.path.size(), paths.path2.size(), paths.deleted, paths.why_unknown});
    text_.append(paths.path).append(paths.path2);
  }

  // Calls `write(event, paths)` for each remaining event, in the order of add(). Stops when it returns false
  // and keeps that event and all later ones. Returns whether none is left.
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

  // Descriptors of these events and of events not recorded. The owner closes them.
  std::vector<int> descriptors;
  std::uint64_t end_position = 0;  // in the stream, of the arena's latest event
  std::uint64_t looked_up_ns = 0;  // CLOCK_MONOTONIC of the last look-up
  std::uint64_t settle_by_ns = 0;  // from this time on, write them as they are

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

// Events whose paths were looked up, until the renames that came in between are known too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "recorder/event_names.h"
#include "recorder/kernel_events.h"
#include "recorder/process_log.h"

namespace rfan::recorder {

// An event with what the reader thread found out about it.
struct ArenaEvent {
  KernelEvent kernel{};  // without `info` once the arena is given back
  ImageSerial image = 0;
  bool denied = false;  // by --deny
  std::uint64_t read_ns = 0;
  std::uint64_t answered_ns = 0;
  std::uint64_t position = 0;  // in the stream (RecentRenames)
};

// What one arena held. Writer thread only. Keeps its memory when it is cleared: some 100 bytes an event, and
// the paths.
class PendingEvents {
 public:
  void add(const ArenaEvent& event, const EventPaths& paths) {
    entries_.push_back({event, paths.path.size(), paths.path2.size(), paths.deleted, paths.why_unknown});
    entries_.back().event.kernel.info = {};
    text_.append(paths.path).append(paths.path2);
  }

  // Calls `write(event, paths)` for each, in the order of add().
  template <typename Write>
  void for_each(Write&& write) const {
    std::string_view text = text_;
    for (const auto& entry : entries_) {
      const EventPaths paths{text.substr(0, entry.path_bytes),
                             text.substr(entry.path_bytes, entry.path2_bytes), entry.deleted,
                             entry.why_unknown};
      text.remove_prefix(entry.path_bytes + entry.path2_bytes);
      write(entry.event, paths);
    }
  }

  void clear() {
    entries_.clear();
    text_.clear();
    descriptors.clear();
  }

  std::vector<int> descriptors;    // of these events and of those left out; to be closed, by the owner
  std::uint64_t end_position = 0;  // in the stream, of the latest event of the arena

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
};

}  // namespace rfan::recorder

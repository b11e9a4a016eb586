// Finds the paths of events: with a descriptor, with names, or with neither.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "format/model/event.h"
#include "recorder/handover/arena.h"
#include "recorder/mounts/own_mounts.h"
#include "recorder/names/directory_table.h"
#include "recorder/names/path_resolver.h"
#include "recorder/names/recent_moves.h"
#include "recorder/names/repeated_files.h"

namespace rfan::recorder {

// Empty: unknown.
struct EventPaths {
  std::string_view path{};
  std::string_view path2{};
  bool deleted = false;
  format::LossCause why_unknown = format::LossCause::kUnresolvedPath;  // if `path` is empty
  bool is_directory = false;  // for a descriptor; named events have the kernel's flag
};

// Finds the paths of an arena's events. For the writer thread, which needs a working directory of its own
// (DirectoryTable). Paths are valid until the next call that returns paths.
class EventNames {
 public:
  EventNames(PathResolver resolver, OwnMounts mounts, DirectoryTable directories)
      : resolver_(std::move(resolver)), mounts_(std::move(mounts)), directories_(std::move(directories)) {}

  DirectoryTable& directories() { return directories_; }
  RecentMoves& moves() { return moves_; }

  // The position of an event in the stream, and the time (CLOCK_MONOTONIC) in which the kernel queued it.
  struct Place {
    std::uint64_t position;
    std::uint64_t since_ns;
    std::uint64_t until_ns;
  };
  // Remembers what an event moved. Call it for each event in order, after of_names(). `of_files`: then() will
  // be asked about events with descriptors.
  void follow(std::uint64_t mask, const NamedEvent& event, const Place& place, bool of_files);

  // Call it first for each arena. Learns from its events about directories, and from the present mounts.
  void begin_arena(const Arena& arena);

  // Returns the present path of an event's descriptor.
  EventPaths of_descriptor(const KernelEvent& event);
  // Turns the result of of_descriptor() for `fd`, which is still open, into the path at `position` in the
  // stream, as far as moves() tells. Returns nothing if one of its moves is still to come: ask again when
  // more of the stream is known.
  std::optional<EventPaths> then(int fd, std::uint64_t position, EventPaths paths);
  // Returns the records of the first of `events`, which are the rest of `batch` in the arena of
  // begin_arena(). Call it for each notification event in order. A changed link count has no name. The kernel
  // reports it right before the link that was made or removed, or right after the rename that replaced the
  // file (fsnotify_link(), vfs_unlink(), fsnotify_move() of Linux); it gets the name of that event. Returns
  // nothing if the records are malformed.
  std::optional<NamedEvent> of_event(std::span<const EventHead> events, const Arena& arena,
                                     const Arena::Batch& batch);
  // Returns the paths of the event at its place in the stream.
  EventPaths of_names(const NamedEvent& event);

 private:
  // How many events are searched for the kernel's second event after the first.
  static constexpr std::size_t kMaxLookAhead = 64;

  std::optional<ResolvedPath> resolve(const KernelEvent& event, const std::optional<FileStatus>& file);
  enum class Search : std::uint8_t { kFound, kUnmoved, kUnsettled };
  Search find_link(int fd, HandleView object, std::uint64_t position, const EventPaths& paths, Link& link);
  Search find_link_now(int fd, std::string_view name, Link& link);
  void foresee(const Arena& arena, const Arena::Batch& batch);
  static bool borrow_name(NamedEvent& event, const Arena& arena, std::span<const EventHead> later);
  void name_link_count(NamedEvent& event, std::span<const EventHead> later, const Arena& arena,
                       const Arena::Batch& batch) const;

  PathResolver resolver_;
  OwnMounts mounts_;
  RepeatedFiles repeated_;
  DirectoryTable directories_;
  RecentMoves moves_;
  std::string parent_;               // handle; a Link from find_link_now() points here
  NamedEvent replacing_;             // the previous event, if it is a rename
  std::uint32_t replacing_pid_ = 0;  // ... by this process
  std::string first_path_;           // of a rename, during the look-up of the second path
};

}  // namespace rfan::recorder

// Paths of events: of those with a descriptor, of those with names, of those with neither.
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
  bool is_directory = false;  // of a descriptor; of named events the kernel says it
};

// Writer thread only, which must have a working directory of its own (DirectoryTable). Paths are valid until
// the next are asked for.
class EventNames {
 public:
  EventNames(PathResolver resolver, OwnMounts mounts, DirectoryTable directories)
      : resolver_(std::move(resolver)), mounts_(std::move(mounts)), directories_(std::move(directories)) {}

  DirectoryTable& directories() { return directories_; }
  RecentMoves& moves() { return moves_; }

  // Where an event stands in the stream, and when the kernel queued it (CLOCK_MONOTONIC).
  struct Place {
    std::uint64_t position;
    std::uint64_t since_ns;
    std::uint64_t until_ns;
  };
  // Keeps in mind what an event moved. To be called for each in order, behind of_names(). `of_files`: events
  // with descriptors were looked up that then() will be asked about.
  void follow(std::uint64_t mask, const NamedEvent& event, const Place& place, bool of_files);

  // Call first for each arena: what its events say of directories, and what is mounted by now, helps to name
  // them.
  void begin_arena(const Arena& arena);

  // What the descriptor of an event leads to now.
  EventPaths of_descriptor(const KernelEvent& event);
  // From what of_descriptor() said of `fd`, still open, to the path at `position` in the stream, as far as
  // moves() tell. Nothing when a move of it is still to come: ask again when more of the stream is known.
  std::optional<EventPaths> then(int fd, std::uint64_t position, EventPaths paths);
  // The records of the event of the notification group at which `ahead` stands, in `batch` of the arena of
  // begin_arena(). To be called for each in order. A changed link count names nothing, but the kernel says it
  // right before the link that was made or removed, and right after the rename that replaced the file
  // (fsnotify_link(), vfs_unlink(), fsnotify_move() of Linux): it gets the name of that event. Nothing when
  // the records cannot be understood.
  std::optional<NamedEvent> of_event(const KernelEvent& event, const KernelEventWalker& ahead,
                                     const Arena& arena, const Arena::Batch& batch);
  // The paths that go with it at its place in the stream.
  EventPaths of_names(const NamedEvent& event);

 private:
  // How far the kernel's second event is looked for behind the first.
  static constexpr int kMaxLookAhead = 64;

  std::optional<ResolvedPath> resolve(const KernelEvent& event, const std::optional<FileStatus>& file);
  enum class Search : std::uint8_t { kFound, kUnmoved, kUnsettled };
  Search find_link(int fd, HandleView object, std::uint64_t position, const EventPaths& paths, Link& link);
  Search find_link_now(int fd, std::string_view name, Link& link);
  void foresee(std::span<const std::byte> raw);
  static bool borrow_name(NamedEvent& event, KernelEventWalker ahead, int& events_left);
  void name_link_count(NamedEvent& event, const KernelEventWalker& ahead, const Arena& arena,
                       const Arena::Batch& batch) const;

  PathResolver resolver_;
  OwnMounts mounts_;
  RepeatedFiles repeated_;
  DirectoryTable directories_;
  RecentMoves moves_;
  std::string parent_;               // handle that a Link of find_link_now() points to
  NamedEvent replacing_;             // the event before, if it is a rename
  std::uint32_t replacing_pid_ = 0;  // ... by this process
  std::string first_path_;           // of a rename, while the second is looked up
};

}  // namespace rfan::recorder

// From a directory's handle to its path.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "format/base/limits.h"
#include "format/base/unique_fd.h"
#include "recorder/kernel/named_events.h"
#include "recorder/names/path_resolver.h"

namespace rfan::recorder {

// Names the events of a group that reports handles. Writer thread only, set-up excepted: it makes system
// calls and may wait for a disk, but never for the reader thread, which may be waiting for the writer: it
// opens nothing but O_PATH descriptors, which raise no events. To that end it goes to mount points as its
// working directory, and back: the thread must have one of its own (unshare(CLONE_FS)).
//
// A directory is kept as a link: the directory above it, and its name in there. The links follow the events
// (follow()), so a path is that of the event's place in the stream, and directories that are gone keep
// theirs. What no event told is asked of the kernel, once; that is its place now, ahead of the events still
// queued, until they arrive. Every event sets the whole link of one directory, so once the queue is read the
// table is right, whatever was asked when. Kept as whole paths it would not be: see
// DirectoryTableTest.SwappedDirectories...
//
// A rename costs 80 ns among 100,000 directories (with paths: a sweep over all of them), a path of 8
// components 0.4 us, 1 us when memory is cold, to ask the kernel 17 us.
//
// Needs FAN_RENAME with FAN_ONDIR from the group, or its paths grow stale; FAN_CREATE and FAN_DELETE with
// FAN_ONDIR save system calls, and are the only source of a name for what is gone before it is asked for. Not
// noticed: a mount point that is moved, or renamed on the filesystem above it.
class DirectoryTable {
 public:
  // 194 bytes each (measured: handles of tmpfs, names of 12 bytes), 97 MiB in all. Making room takes 0.25 s.
  static constexpr std::size_t kMaxDirectories = 512 * 1024;

  // At most `max_directories` are kept, and the depth of one path more; then all but the latest used go.
  static Result<DirectoryTable> create(std::size_t max_directories = kMaxDirectories);

  // Paths of the filesystem that directory `path` lies on will be those below that mount. More mounts of one
  // filesystem may be added; they serve for directories that the earlier ones do not show (bind mounts of
  // sub-trees). An error without CAP_DAC_READ_SEARCH, and for filesystems that have no handles.
  Status add_filesystem(const std::string& path);

  // The path of what is called `name` in `directory`, of the directory itself for kItself. Nothing when the
  // directory is gone and was never named, is on no known mount, or the path is longer than kMaxPathBytes.
  // Valid until the next call.
  std::optional<std::string_view> path_of(HandleView directory, std::string_view name = kItself);
  // The same at an earlier place in the stream: `link_then` tells where a directory was that has moved since.
  std::optional<std::string_view> path_then(
      const Link& link, const std::function<std::optional<Link>(HandleView directory)>& link_then);
  // path_of() what an event is about. Nothing where the event has no name.
  std::optional<std::string_view> object_path(const NamedEvent& event);
  // path_of() where a rename moved it.
  std::optional<std::string_view> new_path(const NamedEvent& event);

  // The path, below a mount of ours, of what `fd` was opened on through another one; of one of its names when
  // it has several. Nothing when no known mount shows it.
  std::optional<ResolvedPath> path_of_object(int fd);
  // The same of what has this handle. Nothing, too, when it is gone.
  std::optional<ResolvedPath> path_of_object(HandleView object);
  // Where a directory is now, whatever the stream said: its link, valid until the next call. Nothing when it
  // is gone.
  std::optional<Link> link_now(HandleView directory);

  // Learns from an event that is still to come where a directory is until then. Call it for each event of a
  // batch, in order, before the first of them is named: a tree that `rm -r` took away since has no other
  // source of names, and a renamed directory none of its old one.
  void foresee(std::uint64_t mask, const NamedEvent& event);

  // Brings the links up to date with an event: call it for each in order, before or after taking its paths.
  // Calls those below for events on directories, and does nothing for others.
  void follow(std::uint64_t mask, const NamedEvent& event);
  void created(HandleView directory, std::string_view name, HandleView object);
  void renamed(HandleView new_directory, std::string_view new_name, HandleView object);
  // Its name stays known for the events of the stream that still name it, but is the first to go for lack of
  // room.
  void removed(HandleView object);

  // After an overflow: what was not told may have moved anything.
  void forget_all();

  // Whether the filesystem of an object was added.
  bool knows_filesystem(HandleView object) const;
  // Whether paths are given below this mount (its id, as of statx).
  bool shows(std::uint64_t mount_id) const;

  std::size_t size() const { return directories_.size(); }

 private:
  struct Directory {
    std::string handle;           // the key in `directories_` points here
    Directory* parent = nullptr;  // none: a root, or its place is unknown
    std::string name;             // in the parent; of a root: path of the mount point without the first slash
    bool is_root = false;
    std::uint32_t last_use = 0;  // epoch
  };
  // Gone to for each question, not kept open: that would keep the mount busy, and a recorded program's
  // umount(8) would fail.
  struct Mount {
    std::string path;
    std::string fsid;
    std::uint64_t id;
  };

  explicit DirectoryTable(PathResolver names, std::size_t max_directories)
      : names_(std::move(names)), max_directories_(max_directories) {}

  Directory* find(HandleView handle);
  Directory& enter(std::string_view handle);
  Directory* place(HandleView object, HandleView directory, std::string_view name);
  bool begin_path(std::string_view name);
  std::optional<std::string_view> finish_path(const Directory* root);
  Directory* settle(HandleView handle);
  Directory* settle(Directory* directory);
  bool ask_kernel(HandleView handle);
  UniqueFd open_directory(HandleView handle) const;
  struct Above {
    UniqueFd directory;
    std::string handle;
    std::string name;  // in there
  };
  std::optional<Above> look_above(int directory, std::string_view handle);
  bool climb(UniqueFd directory, std::string handle);
  bool prepend(std::string_view name);
  void make_room();
  void forget_unused();

  PathResolver names_;
  std::size_t max_directories_;
  std::size_t entered_ = 0;
  std::uint32_t epoch_ = 2;  // one more each time that a quarter of max_directories_ was entered
  std::vector<Mount> mounts_;
  Above link_now_;  // that a Link points to
  absl::flat_hash_map<std::string_view, std::unique_ptr<Directory>> directories_;
  std::array<char, format::kMaxPathBytes> path_{};  // filled from its end
  std::size_t path_begin_ = path_.size();
};

}  // namespace rfan::recorder

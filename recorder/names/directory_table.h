// Maps the handle of a directory to its path.
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

// Names the events of a group that reports handles. For the writer thread, after set-up. It makes system
// calls and may wait for a disk, but never for the reader thread, which may be waiting for the writer: it
// opens only O_PATH descriptors, which raise no events. For that it changes its working directory to mount
// points and back, so the thread needs one of its own (unshare(CLONE_FS)).
//
// A directory is stored as a link: its parent and its name there. Links follow the events (follow()), so a
// path is that of the event's place in the stream, and removed directories keep theirs. The kernel is asked
// once for everything that no event reported; its answer may be ahead of the queued events until those
// arrive. Every event sets the whole link of one directory, so once the queue is read the table is right.
// Whole paths were rejected: they would end up wrong (see DirectoryTableTest.SwappedDirectories...), and a
// rename would sweep all of them. With links a rename costs 80 ns among 100,000 directories, a path of 8
// components 0.4 us (1 us in cold memory), a question to the kernel 17 us.
//
// The class is large because events, questions to the kernel and the making of room all change the same
// links, and a path is collected in one buffer on the way up.
class DirectoryTable {
 public:
  // 194 bytes each (measured: handles of tmpfs, names of 12 bytes), 97 MiB in all. Making room takes 0.25 s.
  static constexpr std::size_t kMaxDirectories = 512 * 1024;

  // Keeps at most `max_directories` directories, plus the depth of one path. Beyond that only the latest used
  // stay.
  static Result<DirectoryTable> create(std::size_t max_directories = kMaxDirectories);

  // Makes paths on the filesystem of directory `path` start at that mount. More mounts of one filesystem may
  // be added, for directories that the earlier ones do not show (bind mounts of subtrees). Fails without
  // CAP_DAC_READ_SEARCH, and for filesystems without handles.
  Status add_filesystem(const std::string& path);

  // Returns the path of `name` in `directory`, or of the directory itself for kItself. Returns nothing if the
  // directory is gone and was never named, or is on no known mount, or if the path is longer than
  // kMaxPathBytes. Valid until the next call.
  std::optional<std::string_view> path_of(HandleView directory, std::string_view name = kItself);
  // Like path_of(), at an earlier place in the stream. `link_then` returns the former link of a directory
  // that has moved since.
  std::optional<std::string_view> path_then(
      const Link& link, const std::function<std::optional<Link>(HandleView directory)>& link_then);
  // Returns path_of() the object of an event, or nothing if the event has no name.
  std::optional<std::string_view> object_path(const NamedEvent& event);
  // Returns path_of() the new name in a rename.
  std::optional<std::string_view> new_path(const NamedEvent& event);

  // Returns the path, below one of our mounts, of the object that `fd` opened through another mount. If it
  // has several names, returns one of them. Returns nothing if no known mount shows it.
  std::optional<ResolvedPath> path_of_object(int fd);
  // Does so for the object with this handle. Also returns nothing if the object is gone.
  std::optional<ResolvedPath> path_of_object(HandleView object);
  // Returns the present link of a directory, whatever the stream said, or nothing if it is gone. Valid until
  // the next call.
  std::optional<Link> link_now(HandleView directory);

  // Learns from an event that is still to come where a directory is until then. Call it for each event of a
  // batch, in order, before naming the first: a tree removed by `rm -r` has no other source of names, and a
  // renamed directory no other source of its old one.
  void foresee(std::uint64_t mask, const NamedEvent& event);

  // Updates the links with an event. Call it for each event in order, before or after taking its paths. Calls
  // the three functions below for events on directories, and ignores other events.
  //
  // The group must report FAN_RENAME with FAN_ONDIR, or paths become stale. FAN_CREATE and FAN_DELETE with
  // FAN_ONDIR save system calls, and are the only source of a name for a directory that is gone before it is
  // looked up. The table does not notice a mount point that is moved, or renamed on the filesystem above it.
  void follow(std::uint64_t mask, const NamedEvent& event);
  void created(HandleView directory, std::string_view name, HandleView object);
  void renamed(HandleView new_directory, std::string_view new_name, HandleView object);
  // Keeps the name for events of the stream that still use it, but drops it first when room is needed.
  void removed(HandleView object);

  // Call it after an overflow: a lost event may have moved anything.
  void forget_all();

  // Returns whether the filesystem of an object was added.
  bool knows_filesystem(HandleView object) const;
  // Returns whether paths are given below this mount (its id, as in statx).
  bool shows(std::uint64_t mount_id) const;

  std::size_t size() const { return directories_.size(); }

 private:
  struct Directory {
    std::string handle;           // the key in `directories_` points here
    Directory* parent = nullptr;  // null: a root, or its place is unknown
    std::string name;             // in the parent; of a root: the mount point without its first slash
    bool is_root = false;
    std::uint32_t last_use = 0;  // epoch
  };
  // Entered for each question and not kept open: an open descriptor keeps the mount busy, and a recorded
  // program's umount(8) would fail.
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
  std::uint32_t epoch_ = 2;  // grows by one whenever a quarter of max_directories_ was entered
  std::vector<Mount> mounts_;
  Above link_now_;  // a Link from link_now() points here
  absl::flat_hash_map<std::string_view, std::unique_ptr<Directory>> directories_;
  std::array<char, format::kMaxPathBytes> path_{};  // filled from its end
  std::size_t path_begin_ = path_.size();
};

}  // namespace rfan::recorder

// The path of a file that several events of an arena lead to, looked up once.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "recorder/kernel/file_status.h"
#include "recorder/kernel/kernel_events.h"

namespace rfan::recorder {

// Writer thread only. Descriptors of an arena are all open while they are looked up, after the last of its
// events: one look-up is as good for all that lead to the same name. statx(2) tells files and mounts apart,
// not names, so a path is taken over only if
//
// - the file has one link, and nothing was done to its names since well before the events;
// - the event is an open, or the same process has opened the file by this path in the same arena: what was
//   opened earlier may have been another link, which is gone.
//
// What remains: a process that in the same 10 ms opens the one name that is left, and closes the file that it
// once opened by the other, has closed it by the name that is left; so has one that opens it again through
// /proc/PID/fd. Not kept for the next arena, by when a directory above may have been renamed. The writer's
// CPU time falls by 40 % where 16 threads open 1,000 files over and over.
class RepeatedFiles {
 public:
  // `begin_ns`: CLOCK_REALTIME when the first events of the arena had been read.
  void begin_arena(std::uint64_t begin_ns);

  // Valid until the next call of begin_arena() or learn().
  std::optional<std::string_view> find(const KernelEvent& event, const FileStatus& file);
  // `path`: what the descriptor of the event leads to, which is not deleted.
  void learn(const KernelEvent& event, const FileStatus& file, std::string_view path);

 private:
  // How long an event may have waited in the kernel before it was read, and how coarse the clock of a
  // filesystem may be.
  static constexpr std::uint64_t kSettledNs = 1'000'000'000;

  struct Path {
    std::size_t offset;
    std::size_t bytes;
  };
  // Mount, device, inode; the process, or 0: any that opens it.
  using Key = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t, std::uint32_t>;

  static Key key_of(const FileStatus& file, std::uint32_t pid) {
    return {file.mount, file.device, file.inode, pid};
  }
  bool is_settled(const FileStatus& file) const {
    return file.mount != 0 && file.has_one_name && file.changed_ns < settled_before_ns_;
  }

  std::uint64_t settled_before_ns_ = 0;
  absl::flat_hash_map<Key, Path> paths_;
  std::string text_;
};

}  // namespace rfan::recorder

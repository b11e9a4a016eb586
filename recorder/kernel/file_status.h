// The identity of an open file, and the time since which its names are unchanged.
#pragma once

#include <cstdint>
#include <optional>

namespace rfan::recorder {

struct FileStatus {
  std::uint64_t mount = 0;  // id; 0 before Linux 5.8, which does not report it
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  bool is_directory = false;
  bool has_one_name = false;  // a directory, or a file with one link
  // CLOCK_REALTIME of the last change. Renaming, linking, unlinking and writing are changes.
  std::uint64_t changed_ns = 0;
};

// Returns the status, or nothing on failure. One system call (statx, 0.8 us) that never waits.
std::optional<FileStatus> status_of(int fd);

}  // namespace rfan::recorder

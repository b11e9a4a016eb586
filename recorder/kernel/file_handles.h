// File handles of open files, in the form fanotify reports.
#pragma once

#include <fcntl.h>

#include <array>
#include <string>
#include <string_view>

namespace rfan::recorder {

// A struct file_handle with room for the largest one.
union FileHandle {
  file_handle handle;
  std::array<char, sizeof(file_handle) + MAX_HANDLE_SZ> bytes;
};

// Returns f_fsid of the filesystem of `fd` (AT_FDCWD: of the working directory), or an empty string on
// failure.
std::string fsid_of(int fd);

// Returns HandleView::bytes for the object open as `fd`, or an empty string if its filesystem has no handles.
// Takes 1.1 us. Opens nothing and never waits.
std::string handle_of(int fd, std::string_view fsid);

}  // namespace rfan::recorder

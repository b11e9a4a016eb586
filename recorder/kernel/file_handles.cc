#include "recorder/kernel/file_handles.h"

#include <sys/statfs.h>

#include "recorder/kernel/named_events.h"

namespace rfan::recorder {

std::string fsid_of(int fd) {
  struct statfs filesystem {};
  if ((fd == AT_FDCWD ? ::statfs(".", &filesystem) : ::fstatfs(fd, &filesystem)) != 0) return {};
  static_assert(sizeof filesystem.f_fsid == kFsidBytes);
  return {reinterpret_cast<const char*>(&filesystem.f_fsid), kFsidBytes};
}

std::string handle_of(int fd, std::string_view fsid) {
  FileHandle buffer{};
  buffer.handle.handle_bytes = MAX_HANDLE_SZ;
  int mount_id = 0;
  if (::name_to_handle_at(fd, "", &buffer.handle, &mount_id, AT_EMPTY_PATH) != 0) return {};
  std::string handle(fsid);
  return handle.append(buffer.bytes.data(), sizeof(file_handle) + buffer.handle.handle_bytes);
}

}  // namespace rfan::recorder

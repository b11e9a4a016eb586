#include "recorder/kernel/file_status.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace rfan::recorder {

std::optional<FileStatus> status_of(int fd) {
  constexpr unsigned kFields = STATX_TYPE | STATX_INO | STATX_NLINK | STATX_CTIME;
  struct statx found {};
  if (::statx(fd, "", AT_EMPTY_PATH, kFields | STATX_MNT_ID, &found) != 0) return std::nullopt;
  const bool complete = (found.stx_mask & kFields) == kFields;
  FileStatus status;
  if ((found.stx_mask & STATX_MNT_ID) != 0) status.mount = found.stx_mnt_id;
  status.device = ::makedev(found.stx_dev_major, found.stx_dev_minor);
  status.inode = found.stx_ino;
  status.is_directory = (found.stx_mask & STATX_TYPE) != 0 && S_ISDIR(found.stx_mode);
  status.has_one_name = complete && (status.is_directory ? found.stx_nlink != 0 : found.stx_nlink == 1);
  status.changed_ns = static_cast<std::uint64_t>(found.stx_ctime.tv_sec) * 1'000'000'000U +
                      static_cast<std::uint64_t>(found.stx_ctime.tv_nsec);
  return status;
}

}  // namespace rfan::recorder

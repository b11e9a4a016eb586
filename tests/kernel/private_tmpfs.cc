#include "tests/kernel/private_tmpfs.h"

#include <sys/mount.h>

#include <cerrno>

namespace rfan::kernel_test {

PrivateTmpfs::PrivateTmpfs() {
  // 1 GiB is a bound, not a reservation: 100,000 empty files take about 100 MiB of it.
  if (::mount("rfan-kernel-test", dir_.path().c_str(), "tmpfs", 0, "size=1g,mode=0777") != 0)
    mount_errno_ = errno;
}

PrivateTmpfs::~PrivateTmpfs() {
  if (mount_errno_ == 0) ::umount2(dir_.path().c_str(), MNT_DETACH);
}

}  // namespace rfan::kernel_test

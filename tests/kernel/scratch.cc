#include "tests/kernel/scratch.h"

#include <sys/mount.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <system_error>

namespace rfan::kernel_test {

ScratchDir::ScratchDir() : path_((std::filesystem::temp_directory_path() / "rfan-kernel-XXXXXX").string()) {
  if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error("mkdtemp failed for " + path_);
  path_ = std::filesystem::canonical(path_).string();  // the paths the kernel will report
}

ScratchDir::~ScratchDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

PrivateTmpfs::PrivateTmpfs() {
  // 1 GiB is a bound, not a reservation: 100,000 empty files take about 100 MiB of it.
  if (::mount("rfan-kernel-test", dir_.path().c_str(), "tmpfs", 0, "size=1g,mode=0777") != 0)
    mount_errno_ = errno;
}

PrivateTmpfs::~PrivateTmpfs() {
  if (mount_errno_ == 0) ::umount2(dir_.path().c_str(), MNT_DETACH);
}

}  // namespace rfan::kernel_test

// A filesystem that a test may record; it disappears with the object.
#pragma once

#include <string>

#include "tests/support/scratch_directory.h"

namespace rfan::kernel_test {

// The tmpfs that most of these tests record. It is private, so a faulty recorder can block only its own test.
// Unmounted lazily, because a stuck opener would keep a plain umount busy.
class PrivateTmpfs {
 public:
  PrivateTmpfs();
  ~PrivateTmpfs();
  PrivateTmpfs(const PrivateTmpfs&) = delete;
  PrivateTmpfs& operator=(const PrivateTmpfs&) = delete;

  int mount_errno() const { return mount_errno_; }  // 0: mounted
  const std::string& path() const { return dir_.path(); }
  std::string file(const std::string& name) const { return dir_.file(name); }

 private:
  tests::ScratchDirectory dir_;
  int mount_errno_ = 0;
};

}  // namespace rfan::kernel_test

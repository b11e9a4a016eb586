// A filesystem that a test may record, gone when the object goes.
#pragma once

#include <string>

#include "tests/support/scratch_directory.h"

namespace rfan::kernel_test {

// A tmpfs of its own: the only kind of filesystem these tests record, so that a recorder gone wrong can block
// nobody but its own test. Unmounted lazily, since a stuck opener would keep a plain umount busy.
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

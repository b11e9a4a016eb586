// Places a test may write to, gone when the object goes.
#pragma once

#include <string>

namespace rfan::kernel_test {

// A fresh directory under $TMPDIR (else /tmp), for traces and logs; removed with its content.
class ScratchDir {
 public:
  ScratchDir();
  ~ScratchDir();
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

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
  ScratchDir dir_;
  int mount_errno_ = 0;
};

}  // namespace rfan::kernel_test

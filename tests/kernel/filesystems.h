// Filesystems that not every kernel or machine has, each private to its test.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/kernel/child_process.h"
#include "tests/kernel/private_tmpfs.h"

namespace rfan::kernel_test {

// Something mounted for one test, or the reason why it is not. Unmounted lazily, like PrivateTmpfs.
class TestMount {
 public:
  TestMount() = default;
  TestMount(const TestMount&) = delete;
  TestMount& operator=(const TestMount&) = delete;
  ~TestMount();

  // Empty: mounted. Else what to hand to GTEST_SKIP().
  const std::string& why_not() const { return why_not_; }
  const std::string& path() const { return dir_.path(); }
  std::string file(const std::string& name) const { return dir_.file(name); }
  // By mount(8), with its options: "-t", "tmpfs", "none".
  void mount(const std::vector<std::string>& arguments);
  Outcome unmount();  // not lazily: fails while it is busy

 protected:
  std::string try_mount(std::vector<std::string> arguments) const;  // returns why it failed
  void settle(const std::string& why_not);

 private:
  tests::ScratchDirectory dir_;
  std::string why_not_ = "not mounted";
};

// A fresh filesystem of `type` (ext4, btrfs, xfs) in a file, through a loop device that goes with the mount.
class LoopFilesystem : public TestMount {
 public:
  explicit LoopFilesystem(const std::string& type) { settle(attempt(type)); }
  const std::string& image() const { return image_; }

 private:
  std::string attempt(const std::string& type) const;

  tests::ScratchDirectory image_dir_;
  std::string image_ = image_dir_.file("image");
};

// An overlay of three directories, made below `base`: BASE/lower, BASE/upper, BASE/work.
class OverlayFilesystem : public TestMount {
 public:
  explicit OverlayFilesystem(const std::string& base) { settle(attempt(base)); }

 private:
  std::string attempt(const std::string& base) const;
};

// FUSE that passes everything on to `directory`, by bindfs(1). Whoever waits for it gets an error when it
// goes.
class FuseFilesystem : public TestMount {
 public:
  explicit FuseFilesystem(const std::string& directory) { settle(attempt(directory)); }

 private:
  std::string attempt(const std::string& directory);

  std::unique_ptr<ChildProcess> daemon_;
};

// `path` seen at another place.
class BindMount : public TestMount {
 public:
  explicit BindMount(const std::string& path) { mount({"--bind", path}); }
};

}  // namespace rfan::kernel_test

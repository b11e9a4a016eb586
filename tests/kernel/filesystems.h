// Filesystems that some kernels or machines lack; each is private to its test.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/kernel/child_process.h"
#include "tests/kernel/private_tmpfs.h"

namespace rfan::kernel_test {

// A mount for one test, or the reason for its absence. Unmounted lazily, like PrivateTmpfs.
class TestMount {
 public:
  TestMount() = default;
  TestMount(const TestMount&) = delete;
  TestMount& operator=(const TestMount&) = delete;
  ~TestMount();

  // Returns an empty string if it is mounted, otherwise the reason for GTEST_SKIP().
  const std::string& why_not() const { return why_not_; }
  const std::string& path() const { return dir_.path(); }
  std::string file(const std::string& name) const { return dir_.file(name); }
  // Mounts with mount(8) and its options: "-t", "tmpfs", "none".
  void mount(const std::vector<std::string>& arguments);
  Outcome unmount();  // not lazily: fails while the mount is busy

 protected:
  std::string try_mount(std::vector<std::string> arguments) const;  // returns the reason of a failure
  void settle(const std::string& why_not);

 private:
  tests::ScratchDirectory dir_;
  std::string why_not_ = "not mounted";
};

// A fresh filesystem of `type` (ext4, btrfs, xfs) in a file, through a loop device that disappears with the
// mount.
class LoopFilesystem : public TestMount {
 public:
  explicit LoopFilesystem(const std::string& type) { settle(attempt(type)); }
  const std::string& image() const { return image_; }

 private:
  std::string attempt(const std::string& type) const;

  tests::ScratchDirectory image_dir_;
  std::string image_ = image_dir_.file("image");
};

// An overlay of three directories, which are created below `base`: BASE/lower, BASE/upper, BASE/work.
class OverlayFilesystem : public TestMount {
 public:
  explicit OverlayFilesystem(const std::string& base) { settle(attempt(base)); }

 private:
  std::string attempt(const std::string& base) const;
};

// A FUSE filesystem that passes all accesses on to `directory`, by bindfs(1). When it goes, waiting programs
// get an error.
class FuseFilesystem : public TestMount {
 public:
  explicit FuseFilesystem(const std::string& directory) { settle(attempt(directory)); }

 private:
  std::string attempt(const std::string& directory);

  std::unique_ptr<ChildProcess> daemon_;
};

// A second mount of `path` in another place.
class BindMount : public TestMount {
 public:
  explicit BindMount(const std::string& path) { mount({"--bind", path}); }
};

}  // namespace rfan::kernel_test

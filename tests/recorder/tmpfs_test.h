// A test on a private tmpfs, as root, with the real kernel.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "format/base/unique_fd.h"
#include "recorder/kernel/named_events.h"
#include "tests/kernel/fixture/private_tmpfs.h"

namespace rfan::recorder {

// Returns HandleView::bytes of the object at `path`.
inline std::string handle_at(const std::string& path) {
  struct statfs filesystem {};
  EXPECT_EQ(::statfs(path.c_str(), &filesystem), 0) << path;
  std::string fsid(sizeof filesystem.f_fsid, '\0');
  std::memcpy(fsid.data(), &filesystem.f_fsid, fsid.size());
  alignas(file_handle) std::array<char, sizeof(file_handle) + MAX_HANDLE_SZ> buffer{};
  auto* const handle = reinterpret_cast<file_handle*>(buffer.data());
  handle->handle_bytes = MAX_HANDLE_SZ;
  int mount_id = 0;
  EXPECT_EQ(::name_to_handle_at(AT_FDCWD, path.c_str(), handle, &mount_id, 0), 0) << path;
  return fsid + std::string(buffer.data(), sizeof(file_handle) + handle->handle_bytes);
}

// Skips with the reason if the tmpfs is refused; fails instead if RFAN_REQUIRE_KERNEL_TESTS is set. The tmpfs
// is in a mount namespace of the test program, which the kernel removes with the program.
class TmpfsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string reason =
        ::geteuid() == 0 ? enter_mount_namespace() : "not root: run as root (sudo tools/test)";
    if (reason.empty()) {
      tmpfs_ = std::make_unique<kernel_test::PrivateTmpfs>();
      if (tmpfs_->mount_errno() != 0)
        reason = std::string("no tmpfs: ") + std::strerror(tmpfs_->mount_errno());
    }
    if (reason.empty() && !opens_by_handle()) reason = "no CAP_DAC_READ_SEARCH";
    if (reason.empty()) return;
    if (std::getenv("RFAN_REQUIRE_KERNEL_TESTS") != nullptr) FAIL() << "must run here, but: " << reason;
    GTEST_SKIP() << "KERNEL TEST SKIPPED: " << reason;
  }

  const std::string& root() const { return tmpfs_->path(); }
  std::string file(const std::string& name) const { return tmpfs_->file(name); }

  std::string make_directory(const std::string& name) const {
    EXPECT_TRUE(std::filesystem::create_directory(file(name))) << name;
    return file(name);
  }
  std::string make_file(const std::string& name) const {
    EXPECT_TRUE(std::ofstream(file(name)).good()) << name;
    return file(name);
  }
  void rename(const std::string& from, const std::string& to) const {
    EXPECT_EQ(::renameat2(AT_FDCWD, file(from).c_str(), AT_FDCWD, file(to).c_str(), 0), 0) << from;
  }
  void exchange(const std::string& one, const std::string& other) const {
    EXPECT_EQ(::renameat2(AT_FDCWD, file(one).c_str(), AT_FDCWD, file(other).c_str(), RENAME_EXCHANGE), 0)
        << one;
  }
  void remove(const std::string& name) const { EXPECT_TRUE(std::filesystem::remove(file(name))) << name; }

 private:
  static std::string enter_mount_namespace() {
    static const std::string error = []() -> std::string {
      if (::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0)
        return "";
      return std::string("no mount namespace of our own: ") + std::strerror(errno);
    }();
    return error;
  }

  bool opens_by_handle() const {
    auto bytes = handle_at(root()).substr(kFsidBytes);
    const UniqueFd mount(::open(root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return static_cast<bool>(UniqueFd(
        ::open_by_handle_at(mount.get(), reinterpret_cast<file_handle*>(bytes.data()), O_PATH | O_CLOEXEC)));
  }

  std::unique_ptr<kernel_test::PrivateTmpfs> tmpfs_;
};

}  // namespace rfan::recorder

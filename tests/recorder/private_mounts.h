// A private mount namespace of the test program: no other program sees its mounts.
#pragma once

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

namespace rfan::recorder {

// Enters the namespace until the program ends. Returns the reason of a failure, or an empty string.
inline std::string enter_private_mounts() {
  static const std::string why = [] {
    if (::unshare(CLONE_NEWNS) != 0) return std::string("unshare: ") + std::strerror(errno);
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      return std::string("making mounts private: ") + std::strerror(errno);
    return std::string();
  }();
  return why;
}

// Skips with a message; fails if RFAN_REQUIRE_KERNEL_TESTS requires these tests.
class PrivateMountsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto why = enter_private_mounts();
    if (why.empty()) return;
    if (std::getenv("RFAN_REQUIRE_KERNEL_TESTS") != nullptr)
      FAIL() << "mount tests must run here, but: " << why;
    GTEST_SKIP() << "MOUNT TEST SKIPPED: " << why;
  }
};

// A mount that lasts until the object is destroyed. An empty type binds `source`.
class TestMount {
 public:
  TestMount(const std::string& fs_type, const std::string& path, const std::string& options = {},
            const std::string& source = "none")
      : path_(path) {
    const auto flags = fs_type.empty() ? static_cast<unsigned long>(MS_BIND) : 0;
    if (::mount(source.c_str(), path.c_str(), fs_type.c_str(), flags, options.c_str()) != 0)
      throw std::runtime_error("cannot mount " + path + ": " + std::strerror(errno));
  }
  ~TestMount() { end(); }
  TestMount(const TestMount&) = delete;
  TestMount& operator=(const TestMount&) = delete;

  void end() {
    if (!path_.empty()) ::umount2(path_.c_str(), MNT_DETACH);
    path_.clear();
  }

 private:
  std::string path_;
};

}  // namespace rfan::recorder

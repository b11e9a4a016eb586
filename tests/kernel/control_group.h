// A control group that limits the memory of one program.
#pragma once

#include <cstdint>
#include <string>

namespace rfan::kernel_test {

// A group for one test, below the root of the memory controller of cgroup v2, or of v1 if the controller is
// there. The destructor removes it, so its programs must have ended.
class MemoryGroup {
 public:
  MemoryGroup();
  ~MemoryGroup();
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  // Returns an empty string if the group exists, otherwise the reason for GTEST_SKIP().
  const std::string& why_not() const { return why_not_; }
  std::string members() const { return path_ + "/cgroup.procs"; }  // write a pid to it to move the process in
  // Allows its programs `bytes` more than they use now, and no swap.
  void limit_to_use_and(std::uint64_t bytes) const;

 private:
  std::string why_not_;
  std::string path_;
  bool is_v2_ = false;
};

}  // namespace rfan::kernel_test

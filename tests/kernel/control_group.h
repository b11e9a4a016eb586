// A control group that limits the memory of one program.
#pragma once

#include <cstdint>
#include <string>

namespace rfan::kernel_test {

// Made for one test, below the root of the memory controller of cgroup v2, or of v1 where that has it. The
// destructor removes it: its programs must have ended.
class MemoryGroup {
 public:
  MemoryGroup();
  ~MemoryGroup();
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;

  // Empty: made. Else what to hand to GTEST_SKIP().
  const std::string& why_not() const { return why_not_; }
  std::string members() const { return path_ + "/cgroup.procs"; }  // a pid that is written there moves in
  // Leaves its programs `bytes` more than they use now, and no swap.
  void limit_to_use_and(std::uint64_t bytes) const;

 private:
  std::string why_not_;
  std::string path_;
  bool is_v2_ = false;
};

}  // namespace rfan::kernel_test

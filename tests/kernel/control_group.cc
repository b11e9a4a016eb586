#include "tests/kernel/control_group.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "tests/kernel/child_process.h"

namespace rfan::kernel_test {
namespace {

const std::string kV2Root = "/sys/fs/cgroup";
const std::string kV1Root = "/sys/fs/cgroup/memory";

bool is_there(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

}  // namespace

MemoryGroup::MemoryGroup() {
  is_v2_ = read_file(kV2Root + "/cgroup.subtree_control").find("memory") != std::string::npos;
  if (!is_v2_ && !is_there(kV1Root + "/memory.limit_in_bytes")) {
    why_not_ = "KERNEL TEST SKIPPED: no control group has a memory controller";
    return;
  }
  path_ = (is_v2_ ? kV2Root : kV1Root) + "/rfan-test-" + std::to_string(::getpid());
  if (::mkdir(path_.c_str(), 0755) != 0)
    why_not_ = "KERNEL TEST SKIPPED: cannot make the control group " + path_ + ": " + std::strerror(errno);
}

MemoryGroup::~MemoryGroup() {
  if (!why_not_.empty()) return;
  // A guardian outlives its recorder for a moment.
  for (const auto deadline = std::chrono::steady_clock::now() + kPatience;
       ::rmdir(path_.c_str()) != 0 && errno == EBUSY && std::chrono::steady_clock::now() < deadline;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void MemoryGroup::limit_to_use_and(std::uint64_t bytes) const {
  const auto use = std::stoull(read_file(path_ + (is_v2_ ? "/memory.current" : "/memory.usage_in_bytes")));
  write_file(path_ + (is_v2_ ? "/memory.swap.max" : "/memory.swappiness"), "0");
  write_file(path_ + (is_v2_ ? "/memory.max" : "/memory.limit_in_bytes"), std::to_string(use + bytes));
}

}  // namespace rfan::kernel_test

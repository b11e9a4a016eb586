#include "recorder/system/online_cpus.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace rfan::recorder {

std::vector<int> parse_cpu_list(std::string_view text, int limit) {
  std::vector<int> cpus;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    int first = 0;
    auto read = std::from_chars(at, end, first);
    if (read.ec != std::errc{}) break;
    int last = first;
    if (read.ptr != end && *read.ptr == '-') read = std::from_chars(read.ptr + 1, end, last);
    if (read.ec != std::errc{}) break;
    for (int cpu = first; cpu <= std::min(last, limit - 1); ++cpu) cpus.push_back(cpu);
    at = read.ptr;
    if (at == end || *at != ',') break;
    ++at;
  }
  return cpus;
}

Result<OnlineCpus> OnlineCpus::open() {
  constexpr const char* kPath = "/sys/devices/system/cpu/online";
  UniqueFd file(::open(kPath, O_RDONLY | O_CLOEXEC));
  if (!file) return errno_error("cannot watch the CPUs", kPath);
  return OnlineCpus(std::move(file));
}

bool OnlineCpus::look() {
  std::array<char, 1024> now;
  const ssize_t bytes = ::pread(file_.get(), now.data(), now.size(), 0);
  if (bytes <= 0) return false;
  const auto length = static_cast<std::size_t>(bytes);
  if (text() == std::string_view(now.data(), length)) return false;
  std::copy_n(now.begin(), length, buffer_.begin());
  length_ = length;
  return true;
}

}  // namespace rfan::recorder

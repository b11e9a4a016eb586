// The contents of a trace, read back from rfanreplay's jsonl output.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace rfan::kernel_test {

// One line of `rfanreplay --format jsonl`, with base64 decoded. A missing key leaves the default.
struct ReplayedEvent {
  std::int64_t time_ns = 0;
  std::string kind;
  pid_t pid = 0;
  pid_t ppid = 0;
  std::int64_t uid = -1;
  std::string exe;
  std::string comm;
  std::vector<std::string> cmdline;
  std::string cgroup;
  std::string path;
  std::string path2;
  bool held = false;
  bool directory = false;
  std::int64_t reply_ns = -1;
  std::string verdict;
  bool uncertain = false;  // whether its process is uncertain
};

struct ReplayedTrace {
  int status = -1;  // exit status of rfanreplay: 0 clean, 3 data is missing
  std::string messages;
  std::vector<ReplayedEvent> events;

  std::vector<ReplayedEvent> of_process(pid_t pid) const;
  std::vector<ReplayedEvent> of_kind(const std::string& kind) const;
  std::vector<ReplayedEvent> of_path(const std::string& path) const;
};

// Runs `rfanreplay TRACE --format jsonl ARGUMENTS...`. Throws on a line that is not JSON.
ReplayedTrace replay(const std::string& trace, const std::vector<std::string>& arguments = {});
ReplayedTrace parse_jsonl(const std::string& lines);

// The figures of `rfanreplay info`.
struct TraceFigures {
  int status = -1;  // exit status of rfanreplay
  std::uint64_t written = 0;
  std::uint64_t seen = 0;
  std::uint64_t filtered = 0;
  std::uint64_t with_exe = 0;
  std::map<std::string, std::uint64_t> lost;  // by cause

  std::uint64_t lost_in_all() const;
};
TraceFigures figures_of(const std::string& trace);

// Returns "open sub/a", "rename a -> b", with paths relative to `root`. Most tests compare these.
std::vector<std::string> story(const std::vector<ReplayedEvent>& events, const std::string& root);

}  // namespace rfan::kernel_test

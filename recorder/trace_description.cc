#include "recorder/trace_description.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace rfan::recorder {

namespace {

std::string read_line(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

format::TraceMeta describe_recording(const Options& options, const Scope& scope,
                                     const std::string& process_source) {
  utsname system{};
  ::uname(&system);
  format::TraceMeta meta;
  meta.recorder_version = RFAN_VERSION;
  meta.hostname = system.nodename;
  meta.kernel = system.release;
  meta.machine = system.machine;
  meta.boot_id = read_line("/proc/sys/kernel/random/boot_id");
  meta.cpu_count = static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  meta.recorder_args = options.words;
  meta.command = options.command;
  meta.hold = options.hold;
  meta.event_kinds = options.event_kinds;
  meta.process_source = process_source;
  meta.mounts = scope.coverage;
  meta.flush_interval_ms = static_cast<std::uint32_t>(options.flush_interval.count());
  return meta;
}

}  // namespace rfan::recorder

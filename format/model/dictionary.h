// Maps the ids in the events of one file to paths and processes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "format/model/event.h"

namespace rfan::format {

// A Process with views in place of strings. The strings of a dictionary's entries live as long as the
// dictionary.
struct ProcessEntry {
  std::uint32_t pid = 0;
  std::uint32_t ppid = 0;
  ProcessId parent = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  PathId exe = 0;
  std::uint64_t start_time_ns = 0;
  std::uint8_t flags = 0;
  std::uint32_t cmdline_bytes = 0;  // length of the command line, even if `cmdline` was skipped
  std::string_view comm{};
  std::string_view cmdline{};
  std::string_view cgroup{};

  ProcessEntry() = default;
  explicit ProcessEntry(const Process& process);  // views the strings of `process`
  Process copy() const;
  std::uint64_t string_bytes() const { return comm.size() + cmdline_bytes + cgroup.size(); }
};

// Selects how much is kept of processes. Command lines take most of the bytes of a dictionary, the other
// fields of processes most of the rest.
enum class ProcessDetail : std::uint8_t {
  kNone,  // only their ids are known
  kWithoutCommandLine,
  kAll,
};

// Maps ids to paths and processes. A reader of a trace fills it (growing_dictionary.h) and gives it to
// everybody else as this class. One thread fills it; after it has stopped growing, any number of threads may
// read it. Storage is append-only, so views stay valid as long as the dictionary lives. Entries that are read
// on demand do not change once they were used.
class Dictionary {
 public:
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  // Ids run from 1 to the count. Id 0 is the empty path, or a process about which nothing is known.
  std::uint32_t path_count() const;
  std::uint32_t process_count() const;
  std::string_view path(PathId id) const;           // precondition: id <= path_count()
  const ProcessEntry& process(ProcessId id) const;  // precondition: id <= process_count()

  // Return false for ids whose entries were lost with a damaged DICT frame. Decoded columns contain none of
  // them.
  bool knows_path(PathId id) const;
  bool knows_process(ProcessId id) const;
  bool knows_paths(std::span<const PathId> ids) const;  // all of them
  bool knows_processes(std::span<const ProcessId> ids) const;
  bool has_gaps() const;  // or may have gaps, if entries are read on demand

 protected:
  Dictionary();
  ~Dictionary();

  struct Storage;
  std::unique_ptr<Storage> storage_;
};

}  // namespace rfan::format

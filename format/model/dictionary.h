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

struct IdRange {
  std::uint32_t first = 1;
  std::uint32_t count = 0;
  std::uint32_t end() const { return first + count; }
};

// The ids that one DICT frame defines.
struct DictionaryIds {
  IdRange paths;
  IdRange processes;
};

// Reads entries on their first use. Any thread may call it.
class EntrySource {
 public:
  virtual ~EntrySource() = default;
  // Puts all expected entries of the range, or forgets them. The implementation lets one thread at a time
  // change the dictionary.
  virtual void read_paths(const IdRange& ids) = 0;
  virtual void read_processes(const IdRange& ids) = 0;
};

// Maps ids to paths and processes. One thread writes it; after it has stopped growing, any number of threads
// may read it. Storage is append-only, so views stay valid as long as the dictionary lives.
//
// Entries may be read on demand: they are expected first, the EntrySource puts them on the first use of an
// entry in their neighbourhood, and from then on they do not change.
class Dictionary {
 public:
  Dictionary();
  ~Dictionary();
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

  // Add an entry and return its id. For tests that build a dictionary by hand.
  PathId add_path(std::string_view path);
  ProcessId add_process(const Process& process);

  // For the reader. Announces the next ids: they are known from now on, and empty until they are put. Skipped
  // ids before them count, but are not known. Precondition: `ids` does not begin below the next free ids.
  void expect(const DictionaryIds& ids);
  std::string_view put_path(PathId id, std::string_view front, std::string_view rest);  // stores front + rest
  void put_process(ProcessId id, const ProcessEntry& entry);  // precondition: its strings came from keep()
  // Stores the three parts one after the other and returns a view of the result.
  std::string_view keep(std::string_view front, std::string_view middle, std::string_view tail);
  // Mark entries as lost. Their strings must not be used any more.
  void forget_paths(const IdRange& ids);
  void forget_processes(const IdRange& ids);
  // Counts as TRACE_FORMAT.md, "Limits", says: the text that was put, a fixed number of bytes for each id,
  // lost ones included, and the bytes that charge() added.
  std::uint64_t unfolded_bytes() const;
  void charge(std::uint64_t bytes);

  // These never call the source; they answer from what is loaded. An id is expected unless it is known to be
  // lost.
  bool expects_path(PathId id) const;
  bool expects_process(ProcessId id) const;
  const ProcessEntry& process_so_far(ProcessId id) const;

  // Sets how much is kept of processes that are read from now on. kNone: they are never put.
  void want_processes(ProcessDetail detail);
  ProcessDetail wanted_processes() const;

  // From now on, fetches expected entries from `source` when they are first used.
  void read_on_demand(EntrySource& source);

 private:
  struct Storage;
  std::unique_ptr<Storage> storage_;
};

}  // namespace rfan::format

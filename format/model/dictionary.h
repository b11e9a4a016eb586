// The names of one file: what the ids of its events stand for.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "format/model/event.h"

namespace rfan::format {

// A Process whose strings lie elsewhere: those of a dictionary live as long as it does.
struct ProcessEntry {
  std::uint32_t pid = 0;
  std::uint32_t ppid = 0;
  ProcessId parent = 0;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  PathId exe = 0;
  std::uint64_t start_time_ns = 0;
  std::uint8_t flags = 0;
  std::uint32_t cmdline_bytes = 0;  // its length, also where `cmdline` was passed over
  std::string_view comm{};
  std::string_view cmdline{};
  std::string_view cgroup{};

  ProcessEntry() = default;
  explicit ProcessEntry(const Process& process);  // a view of it
  Process copy() const;
  std::uint64_t string_bytes() const { return comm.size() + cmdline_bytes + cgroup.size(); }
};

// What is kept of processes. Command lines are most of the bytes of a dictionary, processes most of the rest.
enum class ProcessDetail : std::uint8_t {
  kNone,  // their ids are known, and that is all
  kWithoutCommandLine,
  kAll,
};

struct IdRange {
  std::uint32_t first = 1;
  std::uint32_t count = 0;
  std::uint32_t end() const { return first + count; }
};

// What one DICT frame gives.
struct DictionaryIds {
  IdRange paths;
  IdRange processes;
};

// Reads entries when they are first asked for, by any thread.
class EntrySource {
 public:
  virtual ~EntrySource() = default;
  // Puts all of the range that were expected, or forgets them. The dictionary is this thread's meanwhile.
  virtual void read_paths(const IdRange& ids) = 0;
  virtual void read_processes(const IdRange& ids) = 0;
};

// Written by one thread; once it has stopped growing, any number of threads may read it. Views stay valid as
// long as the dictionary lives (storage is append-only).
//
// Entries may be read on demand: they are expected at first, put by the EntrySource when one of their
// neighbourhood is asked for, and do not change from then on.
class Dictionary {
 public:
  Dictionary();
  ~Dictionary();
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;

  // Ids run from 1 to the count; id 0 is the empty path and a process of which nothing is known.
  std::uint32_t path_count() const;
  std::uint32_t process_count() const;
  std::string_view path(PathId id) const;           // precondition: id <= path_count()
  const ProcessEntry& process(ProcessId id) const;  // precondition: id <= process_count()

  // False for ids whose entries were lost with a damaged DICT frame. Decoded columns hold none of them.
  bool knows_path(PathId id) const;
  bool knows_process(ProcessId id) const;
  bool knows_paths(std::span<const PathId> ids) const;  // all of them
  bool knows_processes(std::span<const ProcessId> ids) const;
  bool has_gaps() const;  // or may have, where entries are read on demand

  // For tests that build one by hand.
  PathId add_path(std::string_view path);
  ProcessId add_process(const Process& process);

  // For the reader. The next ids to be given out, which are known from here on, and empty until they are put.
  // Ids before them that were left out count, but are not known. Precondition: not below the ids in use.
  void expect(const DictionaryIds& ids);
  std::string_view put_path(PathId id, std::string_view front, std::string_view rest);  // of the two together
  void put_process(ProcessId id, const ProcessEntry& entry);  // its strings were given by keep()
  // A copy of the three, one behind the other.
  std::string_view keep(std::string_view front, std::string_view middle, std::string_view tail);
  // They are lost; what was put of them must not be used any more.
  void forget_paths(const IdRange& ids);
  void forget_processes(const IdRange& ids);
  // Counts as TRACE_FORMAT.md, Limits, says: the text that was put, so much for each id, lost ones too, and
  // what was charged beside.
  std::uint64_t unfolded_bytes() const;
  void charge(std::uint64_t bytes);

  // Without a look at the source: what is not lost as far as is known, and what was put.
  bool expects_path(PathId id) const;
  bool expects_process(ProcessId id) const;
  const ProcessEntry& process_so_far(ProcessId id) const;

  // Of entries from here on. kNone: they are never put.
  void want_processes(ProcessDetail detail);
  ProcessDetail wanted_processes() const;

  // What is asked for from here on, of the ids that were expected, is had from `source` first.
  void read_on_demand(EntrySource& source);

 private:
  struct Storage;
  std::unique_ptr<Storage> storage_;
};

}  // namespace rfan::format

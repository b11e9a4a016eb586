// The names of one file: what the ids of its events stand for.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "format/event.h"

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

// Written by one thread; once it has stopped growing, any number of threads may read it. Views stay valid as
// long as the dictionary lives (storage is append-only).
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
  bool has_gaps() const;

  // For the reader (and for tests that build one by hand).
  PathId add_path(std::string_view front, std::string_view rest = {});  // of the two together
  ProcessId add_process(const Process& process);
  // One whose strings were given by keep().
  ProcessId add_process(const ProcessEntry& entry);
  // A copy of the three, one behind the other.
  std::string_view keep(std::string_view front, std::string_view middle, std::string_view tail);
  // The next ids to be given out; those left out count, but are not known. Precondition: not below the ids in
  // use.
  void skip_to(PathId next_path, ProcessId next_process);
  std::uint64_t byte_count() const;  // of all paths, names and command lines

  // Of batches from here on.
  void want_processes(ProcessDetail detail);
  ProcessDetail wanted_processes() const;
  void count_processes(std::uint32_t count);  // for ProcessDetail::kNone: the next ids, which are known

  // What was added between the two is kept when it is `whole`, and taken back otherwise: its views and ids
  // must not be used any more.
  void begin_batch();
  void end_batch(bool whole);

 private:
  struct Storage;
  std::unique_ptr<Storage> storage_;
};

}  // namespace rfan::format

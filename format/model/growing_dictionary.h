// Fills a dictionary: at once, or entry by entry when they are used. Private to format/.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "format/model/dictionary.h"

namespace rfan::format {

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

// A dictionary that grows while its trace is read. One thread writes it, before or while no other thread
// reads it. It only puts what it is told: dictionary_codec.h reads entries from DICT frames.
//
// Entries may be read on demand: they are expected first, the EntrySource puts them on the first use of an
// entry in their neighbourhood, and from then on they do not change.
class GrowingDictionary : public Dictionary {
 public:
  // Announces the next ids: they are known from now on, and empty until they are put. Skipped ids before them
  // count, but are not known. Precondition: `ids` does not begin below the next free ids.
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

  // Sets how much is kept of processes that are put from now on; all by default. kNone: they are never put.
  void want_processes(ProcessDetail detail) { wanted_processes_ = detail; }
  ProcessDetail wanted_processes() const { return wanted_processes_; }

  // From now on, fetches expected entries from `source` when they are first used.
  void read_on_demand(EntrySource& source);

 private:
  ProcessDetail wanted_processes_ = ProcessDetail::kAll;
};

}  // namespace rfan::format

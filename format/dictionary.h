// The names of one file: what the ids of its events stand for.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "format/event.h"

namespace rfan::format {

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
  std::string_view path(PathId id) const;      // precondition: id <= path_count()
  const Process& process(ProcessId id) const;  // precondition: id <= process_count()

  // False for ids whose entries were lost with a damaged DICT frame. Decoded columns hold none of them.
  bool knows_path(PathId id) const;
  bool knows_process(ProcessId id) const;
  bool has_gaps() const;

  // For the reader (and for tests that build one by hand).
  PathId add_path(std::string_view path);
  ProcessId add_process(Process process);
  // The next ids to be given out; those left out count, but are not known. Precondition: not below the ids in
  // use.
  void skip_to(PathId next_path, ProcessId next_process);
  std::uint64_t byte_count() const;  // of all paths, names and command lines

 private:
  struct Storage;
  std::unique_ptr<Storage> storage_;
};

}  // namespace rfan::format

// DICT frames: batches of new dictionary entries. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "format/model/dictionary.h"
#include "format/wire/zstd_codec.h"

namespace rfan::format {

// What one DICT frame adds.
struct DictionaryBatch {
  PathId first_path = 1;
  ProcessId first_process = 1;
  std::span<const std::string_view> paths;
  std::span<const Process> processes;
};

// Writes processes as differences to an earlier one like them: the last with the same executable. One thread.
// Memory: the strings of one process for each executable since the last restart().
class DictionaryEncoder {
 public:
  // Fills `meta` and `body` of the frame (cleared first). Precondition: within the limits of limits.h.
  void encode(const DictionaryBatch& batch, ZstdCompressor& compressor, std::vector<std::byte>& meta,
              std::vector<std::byte>& body);

  // Entries from here on refer to none before, so that a lost frame costs no names behind.
  void restart();

 private:
  struct Example {
    ProcessId id = 0;
    std::string comm{};
    std::string cmdline{};
    std::string cgroup{};
  };
  void add_process(const Process& process, ProcessId id, const Process& before,
                   std::vector<std::uint8_t>& numbers, std::string& text);
  const Example& example_for(const Process& process) const;

  std::unordered_map<PathId, Example> by_exe_;
  Example none_;
  PathId latest_exe_ = 0;
};

// Which entries of a DICT frame.
struct DictionaryParts {
  bool paths = true;
  bool processes = true;
};

// The ids that the frame gives, which the dictionary then expects, those of DICT frames that were lost before
// as a gap. Returns what is wrong, empty when nothing is: also when dictionary.unfolded_bytes() would be
// above `limit`.
std::string expect_entries(std::span<const std::byte> meta_untrusted, std::uint64_t limit,
                           Dictionary& dictionary, DictionaryIds& ids);

// Puts the entries of these parts, or returns what is wrong and forgets them. A process that is described by
// a lost one is lost as well; all since the last INDEX must have been put. `limit` as above.
std::string decode_entries(std::span<const std::byte> body_untrusted, const DictionaryIds& ids,
                           DictionaryParts parts, std::uint64_t limit, ZstdDecompressor& decompressor,
                           Dictionary& dictionary);

void forget_entries(const DictionaryIds& ids, DictionaryParts parts, Dictionary& dictionary);

}  // namespace rfan::format

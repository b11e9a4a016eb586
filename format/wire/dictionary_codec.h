// Encodes and decodes DICT frames: batches of new dictionary entries. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "format/base/fault.h"
#include "format/model/growing_dictionary.h"
#include "format/wire/zstd_codec.h"

namespace rfan::format {

// The entries that one DICT frame adds.
struct DictionaryBatch {
  PathId first_path = 1;
  ProcessId first_process = 1;
  std::span<const std::string_view> paths;
  std::span<const Process> processes;
};

// Encodes batches as DICT frames. One thread owns it. It writes a process as the difference to an earlier
// similar one, its example: the last process with the same executable, or else the last process of all.
// Memory: the strings of one process for each executable since the last restart().
class DictionaryEncoder {
 public:
  // Fills `meta` and `body` of the frame (cleared first). Precondition: `batch` is within the limits of
  // limits.h.
  void encode(const DictionaryBatch& batch, ZstdCompressor& compressor, std::vector<std::byte>& meta,
              std::vector<std::byte>& body);

  // Makes the following entries refer to none before them, so that a lost frame costs no names after this
  // point.
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

// Selects entries of a DICT frame.
struct DictionaryParts {
  bool paths = true;
  bool processes = true;
};

// Sets `ids` to the ids that the frame defines and makes the dictionary expect them. Ids of lost earlier DICT
// frames become a gap. It is a fault if dictionary.unfolded_bytes() would exceed `limit`.
Fault expect_entries(std::span<const std::byte> meta_untrusted, std::uint64_t limit,
                     GrowingDictionary& dictionary, DictionaryIds& ids);

// Puts the entries of these parts, or forgets them and returns the fault. A process whose example is lost is
// lost as well. Precondition: all processes since the last INDEX were put. `limit` is that of
// expect_entries().
Fault decode_entries(std::span<const std::byte> body_untrusted, const DictionaryIds& ids,
                     DictionaryParts parts, std::uint64_t limit, ZstdDecompressor& decompressor,
                     GrowingDictionary& dictionary);

void forget_entries(const DictionaryIds& ids, DictionaryParts parts, GrowingDictionary& dictionary);

}  // namespace rfan::format

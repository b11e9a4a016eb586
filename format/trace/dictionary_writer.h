// Gives ids to paths and processes, and writes them as DICT frames. Private to format/.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "format/base/byte_arena.h"
#include "format/model/event.h"
#include "format/trace/frame_appender.h"
#include "format/wire/dictionary_codec.h"
#include "format/wire/zstd_codec.h"

namespace rfan::format {

// The dictionary of a trace that is written: the entries with an id, and those that the next DICT frame has
// to add. One thread owns it. Memory: grows with the number of distinct paths and processes.
class DictionaryWriter {
 public:
  // Both must live longer.
  DictionaryWriter(FrameAppender& frames, ZstdCompressor& compressor)
      : frames_(frames), compressor_(compressor) {}

  // See TraceWriter. They write DICT frames if a reader had too little room for the entry otherwise.
  PathId intern_path(std::string_view path);
  PathId add_path(std::string_view path);
  ProcessId add_process(const Process& process);

  // Adds DICT frames for all entries that are in none.
  void add_frames();

  std::uint32_t path_count() const {
    return static_cast<std::uint32_t>(first_new_path_ - 1 + new_paths_.size());
  }
  std::uint32_t process_count() const { return static_cast<std::uint32_t>(has_exe_.size() - 1); }
  bool has_exe(ProcessId id) const { return has_exe_[id]; }

 private:
  bool has_room_for(std::uint64_t bytes_more);
  std::size_t batch_paths() const;
  std::size_t batch_processes(std::size_t bytes_left, std::size_t entries_left) const;
  void encode(std::size_t paths, std::size_t processes);

  FrameAppender& frames_;
  ZstdCompressor& compressor_;
  ByteArena bytes_;
  std::uint64_t unfolded_bytes_ = 0;  // as a reader's dictionary counts
  absl::flat_hash_map<std::string_view, PathId> path_ids_;
  std::vector<std::string_view> new_paths_;
  std::vector<Process> new_processes_;
  std::vector<bool> has_exe_{false};  // by process id
  PathId first_new_path_ = 1;
  ProcessId first_new_process_ = 1;

  DictionaryEncoder encoder_;
  std::uint32_t index_count_ = 0;  // INDEX frames when the encoder began
  std::vector<std::byte> meta_;    // of the frame that is being encoded
  std::vector<std::byte> body_;
};

}  // namespace rfan::format

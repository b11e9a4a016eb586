// Loads the dictionary of a file: as far as blocks need it, at once or entry by entry when they are used.
// Private to format/.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "format/model/byte_io.h"
#include "format/trace/frame_table.h"
#include "format/trace/trace_context.h"
#include "format/trace/trace_file.h"
#include "format/wire/checksum.h"
#include "format/wire/dictionary_codec.h"

namespace rfan::format {

// The context of a file that several threads read. The mutex guards all of it but the lookups of its
// dictionary, which need no lock.
struct SharedContext {
  explicit SharedContext(DamageCallback on_damage) : context(std::move(on_damage)) {}

  std::mutex mutex;
  TraceContext context;
};

// Reads the DICT frames of one file into the dictionary of its context, each once. Damage is reported when a
// frame is read. Any thread may call load(), with the restriction of TraceFile::dictionary_until(). All
// threads may look up entries at the same time: those that come on demand are put by one thread at a time.
class DictionaryLoader : private EntrySource {
 public:
  // The source and the context must live longer.
  DictionaryLoader(ByteSource& source, const ChecksumSeed& seed, SharedContext& shared,
                   const std::vector<DictionaryFrame>& frames);

  void set(const DictionaryLoading& loading);  // precondition: load() was not called yet

  // Returns a dictionary with at least the entries of the frames before the offset `until`.
  const Dictionary& load(std::uint64_t until);
  const Dictionary& load_all();
  // Returns a dictionary with at least the entries that the block at `offset` uses. If they are not there,
  // loads all of it.
  const Dictionary& of_block_at(std::uint64_t offset);

 private:
  struct LoadedFrame : DictionaryFrame {
    DictionaryIds ids{};                      // once they are expected
    DictionaryParts unread = {false, false};  // expected entries that are still to be read
  };
  using FramePosition = std::vector<LoadedFrame>::iterator;

  void load_frame(LoadedFrame& frame);
  void expect_frame(LoadedFrame& frame);
  void read_parts(LoadedFrame& frame, DictionaryParts parts);
  void lose_frame(LoadedFrame& frame, const std::string& fault);
  void forget_unread(LoadedFrame& frame);
  FramePosition loaded_end() { return frames_.begin() + static_cast<std::ptrdiff_t>(loaded_); }
  void read_paths(const IdRange& ids) override;
  void read_processes(const IdRange& ids) override;

  ByteSource& source_;
  const ChecksumSeed seed_;
  std::mutex& mutex_;  // of the context, guards the members that follow as well
  TraceContext& context_;
  std::vector<LoadedFrame> frames_;     // in the order of the file
  std::size_t loaded_ = 0;              // frames that were read or expected
  std::vector<std::byte> frame_start_;  // kept for its memory
  bool on_demand_ = false;
  std::atomic<std::uint64_t> loaded_until_ = 0;  // frames before this offset were read or expected
};

}  // namespace rfan::format

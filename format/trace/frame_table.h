// Finds the frames of a file without reading its blocks. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "format/base/error.h"
#include "format/model/byte_io.h"
#include "format/model/event_block.h"
#include "format/trace/directory.h"
#include "format/trace/trace_context.h"
#include "format/wire/checksum.h"

namespace rfan::format {

// The position of a DICT frame.
struct DictionaryFrame {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::size_t index_part = 0;  // which INDEX lists it
};

// The frames of a file that are read later. All others, and DICT frames that are not listed, went into a
// TraceContext.
struct FrameTable {
  std::vector<BlockEntry> blocks;                  // in the order of the file
  std::vector<DictionaryFrame> dictionary_frames;  // in the order of the file
  bool complete = false;                           // there is a valid FOOTER and TRAILER at the end
};

// List the frames between HEADER and TRAILER of a seekable source, and report damage to `context`. Fail if
// the source cannot be read.

// Believes the directory.
Result<FrameTable> list_frames_by_directory(ByteSource& source, const ChecksumSeed& seed,
                                            const Directory& directory, TraceContext& context);
// Goes from frame head to frame head, and over damage. Takes DICT frames into the context at once.
Result<FrameTable> list_frames_by_heads(ByteSource& source, const ChecksumSeed& seed, TraceContext& context);

}  // namespace rfan::format

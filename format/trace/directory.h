// The directory of a finished trace: from the TRAILER to the FOOTER and from INDEX to INDEX back. Private to
// format/.
#pragma once

#include <optional>
#include <vector>

#include "format/model/byte_io.h"
#include "format/model/damage.h"
#include "format/wire/frame_scanner.h"
#include "format/wire/metadata.h"

namespace rfan::format {

struct Directory {
  std::vector<IndexPart> parts;  // in the order of the file, together all frames between HEADER and FOOTER
  Frame footer;
  TraceSummary summary;  // of the footer
};

// Returns the directory when its frames follow each other without a gap, from the HEADER to the TRAILER, and
// each count is the sum of what it counts: events of an INDEX those of the blocks it lists, totals of the
// FOOTER those of the last INDEX; and when the heads of all frames but EVENTS are those that it tells.
// Returns nothing where there is none or where a frame of it is damaged, which a scan will find. Sets
// `contradiction` when the frames are sound and say two different things: then nothing of it may be believed.
std::optional<Directory> read_directory(ByteSource& source, const ChecksumSeed& seed,
                                        std::optional<Damage>& contradiction);

}  // namespace rfan::format

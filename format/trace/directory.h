// Reads the directory of a finished trace: from the TRAILER to the FOOTER, and back from INDEX to INDEX.
// Private to format/.
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

// Returns the directory if all of the following is true. Its frames follow each other without a gap from the
// HEADER to the TRAILER. The event count of each INDEX is that of the blocks which it and earlier INDEX
// frames list. The totals of the FOOTER are those of the last INDEX. The heads of all frames but EVENTS agree
// with it.
//
// Returns nothing if there is no directory, or if a frame of it is damaged, which a scan will find. Sets
// `contradiction` if the frames are sound but contradict each other: then nothing of the directory may be
// believed.
std::optional<Directory> read_directory(ByteSource& source, const ChecksumSeed& seed,
                                        std::optional<Damage>& contradiction);

}  // namespace rfan::format

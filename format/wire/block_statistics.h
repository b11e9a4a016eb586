// Reads the statistics in the metadata of an EVENTS frame, without decompression. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "format/base/fault.h"
#include "format/model/event_block.h"

namespace rfan::format {

// Returns the number of events that the metadata states, for a block whose body is lost. Empty if the
// metadata is malformed.
std::optional<std::uint64_t> block_event_count(std::span<const std::byte> meta_untrusted);

// Verifies the metadata against the limits and the length of the body, and fills `statistics`.
Fault check_block(std::span<const std::byte> meta_untrusted, std::size_t body_bytes,
                  BlockStatistics& statistics);

}  // namespace rfan::format

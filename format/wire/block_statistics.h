// The metadata of an EVENTS frame: statistics, without decompression. Private to format/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "format/model/event_block.h"

namespace rfan::format {

// Events the metadata speaks of; for a block whose body is lost.
std::optional<std::uint64_t> block_event_count(std::span<const std::byte> meta_untrusted);

// Verifies the metadata against the limits and the length of the body, and fills `statistics`. Returns what
// is wrong, empty when nothing is.
std::string check_block(std::span<const std::byte> meta_untrusted, std::size_t body_bytes,
                        BlockStatistics& statistics);

}  // namespace rfan::format

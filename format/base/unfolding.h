// Limits how much the names of a trace may unfold to: front coding and zstd let few bytes of a file stand for
// many.
#pragma once

#include <cstdint>

namespace rfan::format {

// Returns how many bytes of a reader's memory the names in the first `file_bytes` of a trace may take:
// kFreeUnfoldedBytes plus unfolded_per_byte() for each byte of the file, at most kMaxDictionaryBytes.
// TRACE_FORMAT.md, "Limits", says which bytes count.
std::uint64_t unfolded_limit(std::uint64_t file_bytes);

// Returns kUnfoldedPerByte unless another value was set. The value applies to the whole process, as a
// resource limit does: set it before a trace is opened. Writers ignore it, so that every reader accepts what
// they write.
std::uint64_t unfolded_per_byte();
void set_unfolded_per_byte(std::uint64_t bytes);

// Returns the unfolded_limit() of a reader that never set another value.
std::uint64_t default_unfolded_limit(std::uint64_t file_bytes);

}  // namespace rfan::format

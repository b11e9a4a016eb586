// How much the names of a trace may unfold to: front coding and zstd let few bytes of a file stand for many.
#pragma once

#include <cstdint>

namespace rfan::format {

// Returns the most that the names in the first `file_bytes` of a trace may take of a reader's memory, in
// bytes: kFreeUnfoldedBytes and unfolded_per_byte() for each byte of the file, at most kMaxDictionaryBytes.
// What counts is in TRACE_FORMAT.md, Limits.
std::uint64_t unfolded_limit(std::uint64_t file_bytes);

// kUnfoldedPerByte unless set. Holds for the whole process, as a resource limit does: set it before a trace
// is opened. Writers do not ask, so that what they write is within the limit of every reader.
std::uint64_t unfolded_per_byte();
void set_unfolded_per_byte(std::uint64_t bytes);

// unfolded_limit() of a reader that was told nothing.
std::uint64_t default_unfolded_limit(std::uint64_t file_bytes);

}  // namespace rfan::format

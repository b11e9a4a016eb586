// Formats numbers for people. rfanrec and rfanreplay print them in the same way.
#pragma once

#include <cstdint>
#include <string>

namespace rfan::format {

// Formats a latency, rounded to one decimal: "999ns", "8.3us", "1.2ms", "2.1s". append_latency() writes to
// `out`, which has room for 24 characters, and returns the end of the text; it does not allocate.
char* append_latency(std::uint64_t ns, char* out);
std::string latency_text(std::uint64_t ns);

// Formats a count: "1,234,567".
std::string count_text(std::uint64_t count);

}  // namespace rfan::format

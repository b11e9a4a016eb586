// Numbers as people read them; the same in what rfanrec and rfanreplay print.
#pragma once

#include <cstdint>
#include <string>

namespace rfan::format {

// "999ns", "8.3us", "1.2ms", "2.1s": rounded to one decimal. append_latency() writes it to `out`, which has
// room for 24 characters, and returns the end; no allocation.
char* append_latency(std::uint64_t ns, char* out);
std::string latency_text(std::uint64_t ns);

// "1,234,567".
std::string count_text(std::uint64_t count);

}  // namespace rfan::format

// Durations and sizes as people type them, with one grammar for both programs.
#pragma once

#include <cstdint>
#include <string_view>

#include "format/base/error.h"

namespace rfan {

// Reads "250us", "1.5s" or "1m30s": numbers with the units ns, us, ms, s, m, h and d, added up. A lone number
// is seconds. Returns nanoseconds, at most 292 years. The error names the accepted forms.
Result<std::uint64_t> parse_duration(std::string_view text);

// Reads "512K", "1.5M", "10G" or "1TB", in powers of 1024. A lone number is bytes. Returns bytes, from 1 to
// 2^60. The error names the accepted forms.
Result<std::uint64_t> parse_size(std::string_view text);

}  // namespace rfan

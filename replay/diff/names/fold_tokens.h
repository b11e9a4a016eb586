// Replaces the changing parts of one path component. Pure functions on bytes; each states what it must not
// change.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rfan::replay {

// Each function replaces the parts of `component` that it recognises and returns true if there were any.

// Replaces 8-4-4-4-12 hexadecimal digits by <uuid>.
bool fold_uuids(std::string& component);

// Replaces a token of 16 or more hexadecimal digits with both a digit and a letter by <hash>. A token is a
// run of letters and digits. Keeps decimal numbers and words ("deadbeef").
bool fold_hashes(std::string& component);

// Replaces the random part of a name from mkstemp(3) and the like by <temp>: the part after "cc" (compilers)
// or "tmp" (Python), else the last token of 6 to 16 letters and digits that looks random. Call it only for
// names that are temporary according to their directory or their fate.
bool fold_temporary(std::string& component);

// Replaces a decimal number that is one of `pids` by <pid>. Keeps numbers with leading zeros or with fewer
// than three digits.
bool fold_pids(std::string& component, std::span<const std::uint32_t> pids);

// Replaces "1.2.3" and "6.1.0-31" by <version>: at least two numbers joined by dots, or the number after
// ".so.".
bool fold_versions(std::string& component);

// Replaces "2026-11-22" and "20261122" by <date>.
bool fold_dates(std::string& component);

bool all_digits(std::string_view text);

}  // namespace rfan::replay

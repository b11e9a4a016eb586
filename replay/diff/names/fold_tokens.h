// The changing parts of one path component: pure functions on bytes, each with what it must not touch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace rfan::replay {

// Each replaces what it recognises in `component` and returns true when there was something.

// 8-4-4-4-12 hexadecimal digits become <uuid>.
bool fold_uuids(std::string& component);

// A token of 16 hexadecimal digits or more that has both a digit and a letter becomes <hash>, a token being
// what lies between bytes that are no letters or digits. Not folded: decimal numbers, words ("deadbeef").
bool fold_hashes(std::string& component);

// The random part of a name made by mkstemp(3) and its like, for names that are known to be temporary by
// their directory or by what happened to them: the last token of 6 to 16 letters and digits that looks
// random, or what follows "cc" (compilers) or "tmp" (Python) becomes <temp>.
bool fold_temporary(std::string& component);

// A decimal number that is one of `pids` becomes <pid>. Not folded: numbers with leading zeros or of fewer
// than three digits.
bool fold_pids(std::string& component, std::span<const std::uint32_t> pids);

// "1.2.3" and "6.1.0-31" become <version>: at least two numbers joined by dots, or what follows ".so.".
bool fold_versions(std::string& component);

// "2026-11-22" and "20261122" become <date>.
bool fold_dates(std::string& component);

bool all_digits(std::string_view text);

}  // namespace rfan::replay

// Replaces the changing parts of one path component. Pure functions on bytes; each states what it must not
// change.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rfan::replay {

// A run of letters and digits in a component.
struct Token {
  std::size_t begin = 0;
  std::size_t length = 0;
};
std::vector<Token> tokens_of(std::string_view component);

// Returns true if a token looks like random letters and digits: it has letters of both cases and is neither a
// capitalised word ("Simple") nor camel case ("OrderService"), or letters and digits alternate more often
// than in names that people choose ("test12", "cc1plus"). A third of the names of mkstemp(3) have no digit,
// and some of these look like camel case.
bool looks_random(std::string_view token);

// Returns the random part of a name of a compiler ("ccAbC123.s") or of Python ("tmp8f3k_2lx"), which do not
// separate it. The length is 0 for other names.
Token known_temporary_part(std::string_view component);

// Return true for one or two characters that may be the beginning of a hash: of a hexadecimal one, or of one
// in base 32.
bool is_hex_fan_out(std::string_view component);
bool is_base32_fan_out(std::string_view component);

// Each function replaces the parts of `component` that it recognises and returns true if there were any.

// Replaces 8-4-4-4-12 hexadecimal digits by <uuid>.
bool fold_uuids(std::string& component);

// Replaces a token by <hash>: 16 or more hexadecimal digits with both a digit and a letter, or 26 or more
// letters and digits among which the digits are scattered (base 32). Keeps decimal numbers and words
// ("deadbeef").
bool fold_hashes(std::string& component);
inline constexpr std::size_t kLeastHash = 16;  // characters

// Replaces the random part of a name from mkstemp(3) and the like by <temp>: the known part, else the last
// token that looks random. Call it only for names below a directory of temporary files.
bool fold_temporary(std::string& component);

// Replaces "#1234", the name of a file that never had one (O_TMPFILE), by "#<inode>".
bool fold_inode(std::string& component);

// Replaces a date with a time of day by <time>: "2026-11-27T05_41_07_638Z" and "20261127-054107".
bool fold_times(std::string& component);

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

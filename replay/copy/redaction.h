// Hashes names, so that a trace can be shown to people who must not read its paths and command lines.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "format/base/pattern.h"
#include "format/model/event.h"
#include "format/model/trace_info.h"

namespace rfan::replay {

// Replaces each word of a path or command line by a keyed hash (BLAKE2b, 50 bits in base 32) and keeps what
// separates words: "/home/ann/tax.ods" and "/home/ann/tax.pdf" become "/a/b/c.d" and "/a/b/c.e" with other
// letters. Directories, extensions and repetitions stay comparable in all traces that were redacted with one
// key. Without the key nobody can read a word or test a guess; with it anybody can test guesses. Numbers
// (pids, users, times, counts) stay. Pure after construction; any thread.
class Redaction {
 public:
  // Fails unless `key` has 16 to 64 bytes.
  static Result<Redaction> with_key(std::span<const std::byte> key);
  // Makes a key that nobody ever knows. Traces redacted with it cannot be compared with any other.
  static Redaction with_random_key();

  // Keeps paths that match readable, for names that every system has: '/usr/include/'.
  void keep(format::PathPattern pattern) { kept_.push_back(std::move(pattern)); }

  std::string path(std::string_view path) const;
  // Redacts arguments, each ended by NUL. An argument that begins with '/' is a path.
  std::string command_line(std::string_view arguments) const;
  void apply(format::Process& process) const;  // comm, command line and control group
  void apply(format::TraceMeta& meta) const;   // host name, command, mounts

  // Returns 16 hexadecimal digits that distinguish keys without revealing them.
  const std::string& key_id() const { return key_id_; }

 private:
  static constexpr std::size_t kKeyBytes = 32;
  explicit Redaction(std::span<const std::byte> key);

  bool keeps(std::string_view path) const;
  std::string words(std::string_view text, std::string_view separators) const;
  std::string word(std::string_view text) const;

  std::array<unsigned char, kKeyBytes> key_{};
  std::string key_id_;
  std::vector<format::PathPattern> kept_;
};

}  // namespace rfan::replay

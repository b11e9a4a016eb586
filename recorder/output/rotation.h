// When a recording goes on in another file, and which older files it keeps. Pure decisions.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rfan::recorder {

// 0: no such limit.
struct Rotation {
  std::uint64_t file_bytes = 0;            // the next file begins when one has grown to this ...
  std::chrono::milliseconds file_time{0};  // ... or covers this time
  std::uint64_t keep_files = 0;            // the one being written included
  std::uint64_t keep_bytes = 0;            // of the finished files together
  std::chrono::milliseconds keep_age{0};   // since a file was finished
  bool drop_when_full = false;  // a full disk drops the oldest file instead of ending the recording

  bool rotates() const { return file_bytes != 0 || file_time.count() != 0; }
  bool retains() const {
    return keep_files != 0 || keep_bytes != 0 || keep_age.count() != 0 || drop_when_full;
  }
};

// A finished file.
struct FinishedFile {
  std::uint64_t bytes = 0;
  std::chrono::milliseconds age{0};
};

// How many of the oldest go, when one more file is about to be begun.
std::size_t count_expired(std::span<const FinishedFile> oldest_first, const Rotation& rotation);

}  // namespace rfan::recorder

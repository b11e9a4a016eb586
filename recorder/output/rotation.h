// Decides when a recording goes on in another file, and which older files it keeps. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace rfan::recorder {

// Limits of a series of files; 0 means no limit.
struct Rotation {
  std::uint64_t file_bytes = 0;            // the next file begins when one has this size ...
  std::chrono::milliseconds file_time{0};  // ... or covers this time
  std::uint64_t keep_files = 0;            // including the file being written
  std::uint64_t keep_bytes = 0;            // of all finished files together
  std::chrono::milliseconds keep_age{0};   // since the file was finished
  // On a full disk, remove the oldest file instead of ending the recording.
  bool drop_when_full = false;

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

// Returns how many of the oldest files to remove before another file begins.
std::size_t count_expired(std::span<const FinishedFile> oldest_first, const Rotation& rotation);

}  // namespace rfan::recorder

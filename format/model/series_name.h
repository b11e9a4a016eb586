// Names the files of one rotated recording, and lists those that exist. Recorder and replay share this code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "format/base/error.h"

namespace rfan::format {

// `-o trace.fbz` writes trace.000000.fbz, trace.000001.fbz, ...; the file being written also ends in ".part".
inline constexpr const char* kPartSuffix = ".part";

// Larger numbers belong to no set: the file after the last one could not get a number.
inline constexpr std::uint64_t kMaxSeriesNumber = UINT64_MAX - 1;

struct SeriesFile {
  std::string path;
  std::uint64_t number = 0;
  bool sealed = false;  // false: being written, or its recorder was killed

  bool operator==(const SeriesFile&) const = default;
};

// Inserts the number before the last extension, if there is one: "dir/trace.fbz" and 7 give
// "dir/trace.000007.fbz".
std::string series_file_name(const std::string& output, std::uint64_t number);

// Lists the files of the series that exist beside `output`, ascending by number. Empty if there are none.
// Fails if the directory cannot be listed.
Result<std::vector<SeriesFile>> list_series(const std::string& output);

}  // namespace rfan::format

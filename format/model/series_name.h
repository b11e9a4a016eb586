// How the files of one rotated recording are called, and which of them are there. Shared by recorder and
// replay.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "format/base/error.h"

namespace rfan::format {

// `-o trace.fbz` writes trace.000000.fbz, trace.000001.fbz, ...; the one being written ends in ".part" as
// well.
inline constexpr const char* kPartSuffix = ".part";

// Larger numbers belong to no set: a file behind them all could not be counted.
inline constexpr std::uint64_t kMaxSeriesNumber = UINT64_MAX - 1;

struct SeriesFile {
  std::string path;
  std::uint64_t number = 0;
  bool sealed = false;  // false: being written, or left behind by a recorder that was killed

  bool operator==(const SeriesFile&) const = default;
};

// "dir/trace.fbz" and 7 give "dir/trace.000007.fbz": the number comes before the last extension, if there is
// one.
std::string series_file_name(const std::string& output, std::uint64_t number);

// The files of the series that exist beside `output`, ascending by number. Empty when there are none.
Result<std::vector<SeriesFile>> list_series(const std::string& output);

}  // namespace rfan::format

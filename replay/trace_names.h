// How trace files are named: rotation writes trace.000000.fbz, trace.000001.fbz, ... for `-o trace.fbz`, and
// the file that is being written ends in .part until it is finished.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rfan::replay {

// The files of the rotated set `name` ("dir/trace.fbz"), by sequence number; none when there is no such set.
std::vector<std::string> rotated_files(const std::string& name);

// All *.fbz and *.fbz.part in a directory, by name.
std::vector<std::string> traces_in(const std::string& directory);

// What a TRACE of the command line stands for: itself when it is a file or a pipe ("-" too), the traces of a
// directory, else the files of the rotated set of that name; itself again when there is no such set, so that
// opening it says what is wrong.
std::vector<std::string> expand_name(const std::string& name);

bool is_pipe(const std::string& name);

// "trace.000012.fbz" or "trace.000012.fbz.part" of the set "trace.fbz": 12.
std::optional<std::uint32_t> sequence_in_name(std::string_view file, std::string_view set);

}  // namespace rfan::replay

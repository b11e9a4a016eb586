// Finds the files that a TRACE of the command line stands for. format/model/series_name.h describes how
// rotation names files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replay/trace/notes.h"

namespace rfan::replay {

// Returns the files that `name` stands for:
//   a file or a pipe ("-" too)   itself
//   a directory                  its *.fbz and *.fbz.part, by name
//   anything else                the files of the rotated set of that name
//
// If there is no such set, returns `name` itself, so that opening it reports the error. Skips found files,
// with a note, that are not regular files, or that lie where everybody may plant files and have a foreign
// owner (format/model/own_files.h). A name planted there is replaced by the set of that name.
std::vector<std::string> expand_name(const std::string& name, const NoteSink& note);

bool is_pipe(const std::string& name);

// Returns the file of the same rotated set with the next number that exists, or nothing. Skips the files that
// expand_name() skips.
std::optional<std::string> next_in_series(const std::string& path);

// Returns true if a recorder holds its exclusive flock(2) on the file. Never blocks, even if a FIFO has
// replaced the file.
bool being_written(const std::string& path);

// Returns `path` without the ".part" of a file that is being written.
std::string_view without_part(std::string_view path);

}  // namespace rfan::replay

// What a TRACE of the command line stands for. How rotation names files is in format/model/series_name.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replay/trace/notes.h"

namespace rfan::replay {

// Itself when it is a file or a pipe ("-" too); the *.fbz and *.fbz.part of a directory, by name; else the
// files of the rotated set of that name; itself again when there is no such set, so that opening it says what
// is wrong. Found files are left out, with a note, that are no regular files, or lie where everybody may
// plant files and are not ours (format/model/own_files.h); a name that was planted there gives way to a set
// of that name.
std::vector<std::string> expand_name(const std::string& name, const NoteSink& note);

bool is_pipe(const std::string& name);

// The file of the same rotated set, left out likewise, with the next number that exists; nothing when there
// is none.
std::optional<std::string> next_in_series(const std::string& path);

// Whether a recorder writes the file now: it holds an exclusive flock(2). Waits for nothing, also when a FIFO
// has taken the place of the file.
bool being_written(const std::string& path);

// Without the ".part" of a file that is being written.
std::string_view without_part(std::string_view path);

}  // namespace rfan::replay

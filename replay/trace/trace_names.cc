#include "replay/trace/trace_names.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "format/base/unique_fd.h"
#include "format/model/own_files.h"
#include "format/model/series_name.h"

namespace rfan::replay {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".fbz";
// Limits the notes, since an attacker could plant a million names.
constexpr std::uint64_t kMaxNotes = 8;

bool everybody_may_plant_beside(const std::string& path) {
  std::error_code ignored;
  const auto directory = fs::path(path).parent_path();
  const auto permissions = fs::status(directory.empty() ? "." : directory, ignored).permissions();
  return permissions != fs::perms::unknown && (permissions & fs::perms::others_write) != fs::perms::none;
}

// Returns why a file that was found, not named, must not be read, or an empty text. In all other directories,
// the users who may write there decide about links and owners.
std::string objection_to_found(const std::string& path) {
  if (everybody_may_plant_beside(path)) return format::objection_to_file(path);
  std::error_code ignored;
  const auto status = fs::status(path, ignored);
  return !fs::exists(status) || fs::is_regular_file(status) ? "" : "it is no file";
}

void leave_out_planted(std::vector<std::string>& files, const NoteSink& note) {
  std::uint64_t left_out = 0;
  std::erase_if(files, [&](const auto& file) {
    const auto objection = objection_to_found(file);
    if (objection.empty()) return false;
    if (++left_out <= kMaxNotes)
      note(Error{"found, but not read:", file, 0, objection + "; give it by its name to read it"}.message());
    return true;
  });
  if (left_out > kMaxNotes)
    note(fmt::format("{} more files that were found are not read", left_out - kMaxNotes));
}

std::vector<std::string> traces_in(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code failed;
  for (fs::directory_iterator entry(directory, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    auto path = entry->path().string();
    if (without_part(path).ends_with(kSuffix)) files.push_back(std::move(path));
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> files_of_set(const std::string& name) {
  std::vector<std::string> files;
  const auto series = format::list_series(name);
  if (!series) return files;
  for (const auto& file : series.value()) files.push_back(file.path);
  return files;
}

}  // namespace

std::string_view without_part(std::string_view path) {
  if (path.ends_with(format::kPartSuffix)) path.remove_suffix(std::string_view(format::kPartSuffix).size());
  return path;
}

bool is_pipe(const std::string& name) {
  std::error_code ignored;
  const auto status = fs::status(name, ignored);
  return name == "-" || (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status));
}

std::vector<std::string> expand_name(const std::string& name, const NoteSink& note) {
  std::error_code ignored;
  const bool is_directory = fs::is_directory(name, ignored);
  const bool exists = name == "-" || fs::exists(name, ignored);
  const bool planted =
      name != "-" && everybody_may_plant_beside(name) && !format::objection_to_owner(name).empty();
  if (exists && !is_directory && !planted) return {name};
  auto files = is_directory ? traces_in(name) : files_of_set(name);
  leave_out_planted(files, note);
  if (is_directory) return files;
  if (files.empty()) return {name};
  if (exists)
    note(Error{"not read, but the set of that name:", name, 0, format::objection_to_owner(name)}.message());
  return files;
}

std::optional<std::string> next_in_series(const std::string& path) {
  // trace.000012.fbz belongs to trace.fbz.
  const fs::path file(without_part(path));
  const auto set = file.parent_path() / (file.stem().stem().string() + file.extension().string());
  const auto number_of = [](const std::string& name) {
    return fs::path(without_part(name)).stem().extension().string();
  };
  const auto mine = number_of(path);
  for (const auto& other : files_of_set(set.string())) {
    // Numbers are zero-padded and grow longer only when they exceed their width.
    const auto theirs = number_of(other);
    if (std::pair(theirs.size(), theirs) > std::pair(mine.size(), mine) && objection_to_found(other).empty())
      return other;
  }
  return {};
}

bool being_written(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  return fd && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace rfan::replay

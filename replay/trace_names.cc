#include "replay/trace_names.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "format/series_name.h"
#include "format/unique_fd.h"

namespace rfan::replay {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".fbz";

std::vector<std::string> traces_in(const std::string& directory) {
  std::vector<std::string> files;
  std::error_code failed;
  for (fs::directory_iterator entry(directory, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    // A FIFO that somebody put there would keep us waiting.
    const bool regular = entry->is_regular_file(failed);
    if (regular && without_part(entry->path().string()).ends_with(kSuffix))
      files.push_back(entry->path().string());
  }
  std::sort(files.begin(), files.end());
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

std::vector<std::string> expand_name(const std::string& name) {
  std::error_code ignored;
  if (fs::is_directory(name, ignored)) return traces_in(name);
  if (is_pipe(name) || fs::exists(name, ignored)) return {name};
  const auto series = format::list_series(name);
  if (!series || series.value().empty()) return {name};
  std::vector<std::string> files;
  for (const auto& file : series.value()) files.push_back(file.path);
  return files;
}

std::optional<std::string> next_in_series(const std::string& path) {
  // trace.000012.fbz belongs to trace.fbz.
  const fs::path file(without_part(path));
  const auto set = file.parent_path() / (file.stem().stem().string() + file.extension().string());
  const auto series = format::list_series(set.string());
  if (!series) return {};
  const auto number_of = [](const std::string& name) {
    return fs::path(without_part(name)).stem().extension();
  };
  for (const auto& other : series.value()) {
    // Numbers have leading zeros, and grow longer only once they fill their width.
    const auto mine = number_of(path).string();
    const auto theirs = number_of(other.path).string();
    if (std::pair(theirs.size(), theirs) > std::pair(mine.size(), mine)) return other.path;
  }
  return {};
}

bool being_written(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  return fd && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace rfan::replay

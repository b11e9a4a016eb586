#include "format/model/series_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>

namespace rfan::format {
namespace {

namespace fs = std::filesystem;

// The parts of a file name before and after the number.
struct NameParts {
  explicit NameParts(const fs::path& output)
      : before(output.stem().string() + "."), behind(output.extension().string()) {}
  std::string before;
  std::string behind;
};

bool remove_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// A number has at least six digits, so that names sort like numbers for a long time and "trace.1.fbz" stays
// the user's own.
constexpr std::size_t kDigits = 6;

std::optional<SeriesFile> parse_name(std::string_view name, const NameParts& parts) {
  SeriesFile file;
  file.sealed = !remove_suffix(name, kPartSuffix);
  if (!name.starts_with(parts.before) || !remove_suffix(name, parts.behind)) return {};
  if (name.size() < parts.before.size() + kDigits) return {};
  name.remove_prefix(parts.before.size());
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), file.number);
  if (error != std::errc{} || end != name.data() + name.size() || file.number > kMaxSeriesNumber) return {};
  return file;
}

}  // namespace

std::string series_file_name(const std::string& output, std::uint64_t number) {
  const fs::path path(output);
  const NameParts parts(path);
  return (path.parent_path() / fmt::format("{}{:0{}}{}", parts.before, number, kDigits, parts.behind))
      .string();
}

Result<std::vector<SeriesFile>> list_series(const std::string& output) {
  const fs::path path(output);
  const NameParts parts(path);
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::vector<SeriesFile> files;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end; entry.increment(error)) {
    const auto name = entry->path().filename().string();
    if (auto file = parse_name(name, parts)) {
      file->path = (path.parent_path() / name).string();
      files.push_back(std::move(*file));
    }
  }
  if (error) return Error{"cannot list directory", directory.string(), error.value(), {}};
  std::sort(files.begin(), files.end(),
            [](const SeriesFile& a, const SeriesFile& b) { return a.number < b.number; });
  return files;
}

}  // namespace rfan::format
